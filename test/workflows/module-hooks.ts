/**
 * To be imported before the packages that cannot be loaded as they are: those of GitHub import JSON
 * without saying so, and actionlint's ES modules use what only CommonJS has.
 */
import { registerHooks } from 'node:module'

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context)
    const url = resolved.url.replace(/(\/@tktco\/node-actionlint\/build\/.*)\.mjs$/, '$1.js')
    return url === resolved.url ? resolved : { ...resolved, url, format: 'commonjs' }
  },
  load: (url, context, next) =>
    /\/node_modules\/@actions\/.*\.json$/.test(url)
      ? next(url, { ...context, importAttributes: { type: 'json' } })
      : next(url, context),
})
