/** What must not happen to a reader, on any screen. */
import type { Tab } from './browser.ts'

/** What GitHub lets through of HTML (its sanitizer's list), as far as reports have use for it. */
const ALLOWED =
  'a b br code details div h2 h3 li p span strong sub summary table tbody td th thead tr ul wbr'

const CHECK = `(() => {
  const flaws = []
  const root = document.querySelector('.markdown-body')
  for (const details of root.querySelectorAll('details')) details.open = true
  if (document.documentElement.scrollWidth > innerWidth) flaws.push('is wider than the screen')
  for (const element of root.querySelectorAll('*')) {
    const tag = element.tagName.toLowerCase()
    if (!${JSON.stringify(ALLOWED.split(' '))}.includes(tag)) flaws.push('GitHub strips <' + tag + '>')
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline')
      flaws.push('<' + tag + '> is cut: ' + element.textContent.slice(0, 60))
    if (element.getBoundingClientRect().right > innerWidth) flaws.push('<' + tag + '> sticks out')
  }
  const words = root.cloneNode(true)
  for (const code of words.querySelectorAll('code')) code.remove()
  if (/[[{]"|&(amp|lt|gt|#)/.test(words.textContent)) flaws.push('shows raw JSON or markup')
  return flaws
})()`

/** What is wrong with the page that a tab shows. */
export async function flawsOf(tab: Tab): Promise<readonly string[]> {
  const flaws = await tab.evaluate(CHECK)
  if (!Array.isArray(flaws)) throw new Error('The page could not be checked')
  return flaws.map(String)
}

/** How much of the page there is to see, in CSS pixels. */
export async function heightOf(tab: Tab): Promise<number> {
  const bottom = await tab.evaluate(
    "document.querySelector('.frame').getBoundingClientRect().bottom",
  )
  return Math.ceil(Number(bottom)) + 16
}
