// Draws what `aquatic loadtest udp` shows on a terminal, against a tracker of its own, as a picture:
//   node scripts/screenshot.mjs docs/screen.svg
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { PseudoTerminal } from '../dist/test/support/pseudo-terminal.js'

const COLUMNS = 104
const ROWS = 34
const SECOND_SHOWN = 12
const CELL_WIDTH = 8.4
const LINE_HEIGHT = 18
const MARGIN = 18
// Colours of a dark terminal: 0 to 7, then the bright ones.
const PALETTE = ['#1b1f27', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#abb2bf']
const BRIGHT = ['#5c6370', ...PALETTE.slice(1, 7), '#ffffff']
const GROUND = '#1b1f27'
const TEXT = '#d7dae0'

const binary = fileURLToPath(new URL('../bin/aquatic.js', import.meta.url))

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Attributes of SVG text for the parameters of SGR. */
function look(style) {
  const attributes = []
  const codes = style === '' ? [] : style.split(';').map(Number)
  let fill = TEXT
  for (const code of codes) {
    if (code >= 30 && code <= 37) fill = PALETTE[code - 30]
    if (code >= 90 && code <= 97) fill = BRIGHT[code - 90]
    if (code === 1) attributes.push('font-weight="bold"')
    if (code === 2) attributes.push('opacity="0.6"')
  }
  return [`fill="${fill}"`, ...attributes].join(' ')
}

function pictureOf(lines) {
  const width = COLUMNS * CELL_WIDTH + 2 * MARGIN
  const height = lines.length * LINE_HEIGHT + 2 * MARGIN
  const texts = lines.map((runs, row) => {
    const y = MARGIN + row * LINE_HEIGHT + 13
    let column = 0
    return runs
      .flatMap(({ text, style }) => {
        const from = column
        column += text.length
        // Word by word: pictures of text do not keep blanks.
        return [...text.matchAll(/\S+/g)].map(({ 0: word, index }) => {
          const x = (MARGIN + (from + index) * CELL_WIDTH).toFixed(1)
          const wide = `textLength="${(word.length * CELL_WIDTH).toFixed(1)}" lengthAdjust="spacingAndGlyphs"`
          return `<text x="${x}" y="${y}" ${wide} ${look(style)}>${escaped(word)}</text>`
        })
      })
      .join('')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"
  font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">
<title>aquatic loadtest udp, on a terminal</title>
<rect width="100%" height="100%" rx="8" fill="${GROUND}"/>
${texts.join('\n')}
</svg>
`
}

const tracker = spawn(
  process.execPath,
  [
    binary,
    'serve',
    'udp',
    '--json',
    '--set',
    'network.address_ipv4=127.0.0.1:0',
    '--set',
    'network.use_ipv6=false',
    '--set',
    'socket_workers=1',
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
let address = ''
for await (const line of createInterface({ input: tracker.stdout })) {
  const event = JSON.parse(line)
  if (event.event === 'listening') {
    address = `${event.address}:${event.port}`
    break
  }
}
const terminal = new PseudoTerminal(
  [
    process.execPath,
    binary,
    'loadtest',
    'udp',
    `udp://${address}`,
    '--rate',
    '20k',
    '--duration',
    '30',
    '--slo',
    'announce.p99<5ms',
    '--slo',
    'loss<0.1%',
  ],
  { columns: COLUMNS, rows: ROWS },
)
await terminal.seeLine(new RegExp(`measure +00:${SECOND_SHOWN} `))
const picture = pictureOf(terminal.terminal.styledScreen())
terminal.type('q')
await terminal.ended()
tracker.kill('SIGTERM')
await once(tracker, 'exit')
writeFileSync(process.argv[2] ?? 'screen.svg', picture)
