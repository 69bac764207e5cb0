/** Finds layout problems of a page on a screen. */
import type { Tab } from './browser.ts'

/** The HTML elements that GitHub's sanitizer keeps and that reports use. */
const ALLOWED = 'a b br code details h2 h3 li p pre sub summary ul'

const CHECK = `(() => {
  const problems = []
  const root = document.querySelector('.markdown-body')
  for (const details of root.querySelectorAll('details')) details.open = true
  if (document.documentElement.scrollWidth > innerWidth) problems.push('is wider than the screen')
  for (const element of root.querySelectorAll('*')) {
    const tag = element.tagName.toLowerCase()
    if (!${JSON.stringify(ALLOWED.split(' '))}.includes(tag)) problems.push('GitHub strips <' + tag + '>')
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline')
      problems.push('<' + tag + '> is cut off: ' + element.textContent.slice(0, 60))
    if (element.getBoundingClientRect().right > innerWidth) problems.push('<' + tag + '> overflows the screen')
  }
  const words = root.cloneNode(true)
  for (const code of words.querySelectorAll('code')) code.remove()
  if (/[[{]"|&(amp|lt|gt|#)/.test(words.textContent)) problems.push('shows raw JSON or markup')
  return problems
})()`

const CHECK_TABLES = `(() => {
  for (const details of document.querySelectorAll('details')) details.open = true
  return [...document.querySelectorAll('table')]
    .filter((table) => table.scrollWidth > table.clientWidth + 1)
    .map((table) => 'a table is cut off: ' + table.textContent.trim().replace(/\\s+/g, ' ').slice(0, 60))
})()`

/** The tables of the page that are wider than the screen; code may be, since it scrolls. */
export async function findWideTables(tab: Tab): Promise<readonly string[]> {
  return evaluateToTexts(tab, CHECK_TABLES)
}

/** The problems of the page that a tab shows. */
export async function findProblems(tab: Tab): Promise<readonly string[]> {
  return evaluateToTexts(tab, CHECK)
}

async function evaluateToTexts(tab: Tab, expression: string): Promise<readonly string[]> {
  const texts = await tab.evaluate(expression)
  if (!Array.isArray(texts)) throw new Error('The page could not be checked')
  return texts.map(String)
}

/** The height of the content in CSS pixels. */
export async function getHeight(tab: Tab): Promise<number> {
  const bottom = await tab.evaluate(
    "document.querySelector('.frame').getBoundingClientRect().bottom",
  )
  return Math.ceil(Number(bottom)) + 16
}
