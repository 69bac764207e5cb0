/**
 * Makes docs/pictures anew: the summary and the comment of real runs on the emulator, as GitHub shows them on
 * a desktop and on a phone. Fails when anything overflows, is cut, or would be stripped by GitHub.
 *
 * Needs Chromium, pngquant and two fonts from Debian:
 * apt-get install -y --no-install-recommends chromium pngquant fonts-liberation fonts-noto-color-emoji
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openBrowser, type Tab } from './pictures/browser.ts'
import { flawsOf, heightOf } from './pictures/checks.ts'
import { pageOf } from './pictures/page.ts'
import { playScenes, type Picture } from './pictures/scenes.ts'

/** Wide enough for GitHub's own layout on a desktop, and the commonest width of a phone. */
const SCREENS = [
  { name: 'desktop', width: 900, scale: 1 },
  { name: 'phone', width: 390, scale: 1.5 },
] as const

/** More makes the repository heavy for no gain. */
const MOST_BYTES = 80 * 1024

const folder = fileURLToPath(new URL('../docs/pictures', import.meta.url))

async function shoot(tab: Tab, picture: Picture): Promise<readonly string[]> {
  const flaws: string[] = []
  for (const { name, width, scale } of SCREENS) {
    const file = `${picture.name}-${name}.png`
    await tab.show(pageOf(picture), width, scale)
    const png = smaller(await tab.capture(await heightOf(tab), width))
    writeFileSync(join(folder, file), png)
    flaws.push(...(await flawsOf(tab)).map((flaw) => `${file}: ${flaw}`))
    if (png.length > MOST_BYTES) flaws.push(`${file}: ${png.length} bytes`)
  }
  return flaws
}

/** The same with few colours, which is all that text has. */
function smaller(png: Buffer): Buffer {
  return execFileSync('pngquant', ['--strip', '--speed', '1', '--nofs', '64', '-'], { input: png })
}

const pictures = await playScenes()
mkdirSync(folder, { recursive: true })
for (const file of readdirSync(folder)) if (file.endsWith('.png')) rmSync(join(folder, file))
const browser = await openBrowser()
try {
  const flaws: string[] = []
  for (const picture of pictures) flaws.push(...(await shoot(browser.tab, picture)))
  for (const flaw of flaws) process.stderr.write(`${flaw}\n`)
  process.exitCode = flaws.length === 0 ? 0 : 1
} finally {
  await browser.close()
}
