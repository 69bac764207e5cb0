/**
 * Creates docs/pictures: the summaries and comments of real runs on the emulator, as GitHub shows them on a
 * desktop and on a phone. Fails when anything overflows, is cut off, or would be removed by GitHub, and when a table
 * of README.md or, on a desktop, of another page is wider than the screen.
 *
 * Needs Chromium, pngquant and two fonts from Debian:
 * apt-get install -y --no-install-recommends chromium pngquant fonts-liberation fonts-noto-color-emoji
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openBrowser, type Tab } from './pictures/browser.ts'
import { findProblems, findWideTables, getHeight } from './pictures/checks.ts'
import { renderDocument, renderPage } from './pictures/page.ts'
import { runScenes, type Picture } from './pictures/scenes.ts'

/** A width for GitHub's desktop layout, and the most common width of a phone. */
const SCREENS = [
  { name: 'desktop', width: 900, scale: 1 },
  { name: 'phone', width: 390, scale: 1.5 },
] as const

/** Maximum size of one picture. */
const MAX_BYTES = 112 * 1024

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'docs', 'pictures')
/** The pages of the documentation. */
const documents = [
  'README.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

async function shoot(tab: Tab, picture: Picture): Promise<readonly string[]> {
  const problems: string[] = []
  // The pages show these on every screen.
  const screens = picture.name.startsWith('readme-') ? SCREENS.slice(0, 1) : SCREENS
  for (const { name, width, scale } of screens) {
    const file = `${picture.name}-${name}.png`
    await tab.show(renderPage(picture), width, scale)
    const png = compress(await tab.capture(await getHeight(tab), width))
    writeFileSync(join(folder, file), png)
    problems.push(...(await findProblems(tab)).map((problem) => `${file}: ${problem}`))
    if (png.length > MAX_BYTES) problems.push(`${file}: ${png.length} bytes`)
  }
  return problems
}

/** Reduces the number of colours: text needs few. */
function compress(png: Buffer): Buffer {
  return execFileSync('pngquant', ['--strip', '--speed', '1', '--nofs', '64', '-'], { input: png })
}

async function checkDocument(tab: Tab, path: string): Promise<readonly string[]> {
  const html = renderDocument(readFileSync(join(root, path), 'utf8'))
  const widths = path === 'README.md' ? [400, 1012] : [1012]
  const problems: string[] = []
  for (const width of widths) {
    await tab.show(html, width, 1)
    problems.push(...(await findWideTables(tab)).map((problem) => `${path}, ${width}: ${problem}`))
  }
  return problems
}

const pictures = await runScenes()
mkdirSync(folder, { recursive: true })
for (const file of readdirSync(folder)) if (file.endsWith('.png')) rmSync(join(folder, file))
const browser = await openBrowser()
try {
  const problems: string[] = []
  for (const picture of pictures) problems.push(...(await shoot(browser.tab, picture)))
  for (const path of documents) problems.push(...(await checkDocument(browser.tab, path)))
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await browser.close()
}
