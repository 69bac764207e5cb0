/** Small SVG charts that are readable on light and dark pages. */

export type Bar = Readonly<{ label: string; value: number }>

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** A chart of horizontal bars with their values. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const max = Math.max(...bars.map(({ value }) => value))
  const height = 40 + bars.length * 44
  const rows = bars.map(({ label, value }, index) => {
    const y = 44 + index * 44
    const width = Math.max(2, Math.round((value / max) * 480))
    return `<text x="10" y="${y}">${escape(label)}</text><rect x="10" y="${y + 6}" width="${width}" height="14" rx="2" fill="#3b82c4"/><text x="${width + 18}" y="${y + 18}">${Math.round(value)}</text>`
  })
  return svg(title, 600, height, rows)
}

export type Line = Readonly<{ label: string; points: readonly (readonly [x: number, y: number])[] }>

/** Lines differ in colour and in their dashes, so that they can be told apart without colours as well. */
const STROKES = [
  { colour: '#3b82c4', dashes: 'none', width: 3 },
  { colour: '#d97706', dashes: '8 4', width: 2 },
  { colour: '#6b8e23', dashes: '2 3', width: 2 },
  { colour: '#a855a8', dashes: '10 3 2 3', width: 2 },
  { colour: '#808080', dashes: '4 8', width: 2 },
] as const

const strokeOf = (index: number): string => {
  const { colour, dashes, width } = STROKES[index % STROKES.length] ?? STROKES[0]
  return `fill="none" stroke="${colour}" stroke-width="${width}" stroke-dasharray="${dashes}"`
}

/** A line chart with a logarithmic x axis and a legend below it. */
export function lineChart(title: string, xLabel: string, lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points)
  const xs = all.map(([x]) => Math.log(x))
  const [low, high] = [Math.min(...xs), Math.max(...xs)]
  const max = Math.max(...all.map(([, y]) => y))
  const x = (value: number): number =>
    Math.round(50 + ((Math.log(value) - low) / (high - low)) * 500)
  const y = (value: number): number => Math.round(250 - (value / max) * 200)
  const shapes = lines.map(({ label, points }, index) => {
    const path = points.map(([px, py]) => `${x(px)},${y(py)}`).join(' ')
    const row = 318 + index * 20
    return `<polyline points="${path}" ${strokeOf(index)}/><path d="M50 ${row - 4}h48" ${strokeOf(index)}/><text x="108" y="${row}">${escape(label)}</text>`
  })
  const ticks = [...new Set(all.map(([px]) => px))].map(
    (px) => `<text x="${x(px)}" y="270" text-anchor="middle">${px}</text>`,
  )
  return svg(title, 600, 310 + lines.length * 20, [
    ...shapes,
    ...ticks,
    `<text x="300" y="290" text-anchor="middle">${escape(xLabel)}</text>`,
    `<text x="10" y="54">${Math.round(max)}</text><text x="10" y="250">0</text>`,
  ])
}

function svg(title: string, width: number, height: number, shapes: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${escape(title)}" font-family="sans-serif" font-size="12">`,
    `<style>text{fill:#24292f}@media(prefers-color-scheme:dark){text{fill:#d0d7de}}</style>`,
    `<text x="10" y="20" font-size="14" font-weight="bold">${escape(title)}</text>`,
    ...shapes,
    '</svg>',
    '',
  ].join('\n')
}
