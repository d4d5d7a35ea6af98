// Writes man/*.1, one page per command and one for aquatic itself, from the command manifest. With --list it also
// writes their names into package.json, from which npm knows what to install.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const place = path => new URL(`../${path}`, import.meta.url)
const pack = JSON.parse(readFileSync(place('package.json'), 'utf8'))
const { commands } = JSON.parse(readFileSync(place('oclif.manifest.json'), 'utf8'))

/** Builds that must not differ from day to day set SOURCE_DATE_EPOCH, in seconds. */
const epochSeconds = process.env.SOURCE_DATE_EPOCH
const day = new Date(epochSeconds ? Number(epochSeconds) * 1000 : Date.now()).toISOString().slice(0, 10)

/** Text that roff takes as it is: backslashes and hyphens escaped, no request at the start of a line. */
const plain = text =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .split('\n')
    .map(line => line.trim().replace(/^([.'])/, '\\&$1'))
    .filter(line => line !== '')
    .join('\n.br\n')

/** An argument of a macro, in quotes. */
const quoted = text => `"${plain(text).replaceAll('\n.br\n', ' ').replaceAll('"', '\\(dq')}"`

/** What oclif's templates stand for. */
const filled = (text, id) =>
  text
    .replaceAll('<%= config.bin %>', pack.oclif.bin)
    .replaceAll('<%= command.id %>', id.replaceAll(':', ' '))

const isShown = command => !command.hidden && !(command.hiddenAliases ?? []).includes(command.id)

function header(name, summary) {
  return [
    `.\\" Written by scripts/man.mjs from the commands.`,
    `.TH ${quoted(name.toUpperCase())} 1 "${day}" ${quoted(`aquatic ${pack.version}`)} "User Commands"`,
    '.SH NAME',
    `${plain(name)} \\- ${plain(summary.replace(/\.$/, ''))}`,
  ]
}

function flagTerm(flag) {
  const name = flag.allowNo ? `--[no-]${flag.name}` : `--${flag.name}`
  const both = flag.char ? `-${flag.char}, ${name}` : name
  const value = flag.type === 'option' ? ` \\fI${plain(flag.helpValue ?? flag.name.toUpperCase())}\\fR` : ''
  return `\\fB${plain(both)}\\fR${value}`
}

function flagItem(flag, id) {
  const said = [flag.summary ?? flag.description ?? '']
  if (flag.options) said.push(`One of: ${flag.options.join(', ')}.`)
  if (flag.type === 'option' && typeof flag.default === 'string') said.push(`Default: ${flag.default}.`)
  return ['.TP', flagTerm(flag), plain(filled(said.join(' '), id)) || '\\&']
}

function exampleLines(example, id) {
  const { description, command } = typeof example === 'string' ? { command: example } : example
  const lines = description ? [plain(filled(description, id))] : []
  return [...lines, '.RS 4', '.nf', plain(filled(command, id)).replaceAll('\n.br\n', '\n'), '.fi', '.RE']
}

function commandPage(command) {
  const { id } = command
  const words = `aquatic ${id.replaceAll(':', ' ')}`
  const args = Object.values(command.args ?? {})
  const flags = Object.values(command.flags ?? {}).filter(flag => !flag.hidden)
  const lines = header(
    words.replaceAll(' ', '-'),
    filled(command.summary ?? command.description ?? words, id),
  )
  lines.push('.SH SYNOPSIS', `\\fB${plain(words)}\\fR`)
  for (const arg of args) lines.push(plain(arg.required ? arg.name : `[${arg.name}]`))
  if (flags.length > 0) lines.push('[\\fIflags\\fR]')
  if (command.description) {
    const paragraphs = filled(command.description, id).split(/\n\s*\n/)
    lines.push(
      '.SH DESCRIPTION',
      ...paragraphs.flatMap((text, at) => (at ? ['.PP', plain(text)] : [plain(text)])),
    )
  }
  if (args.length > 0) lines.push('.SH ARGUMENTS')
  for (const arg of args)
    lines.push('.TP', `\\fI${plain(arg.name)}\\fR`, plain(filled(arg.description ?? '', id)) || '\\&')
  if (flags.length > 0) lines.push('.SH OPTIONS', ...flags.flatMap(flag => flagItem(flag, id)))
  const examples = [command.examples ?? []].flat()
  if (examples.length > 0)
    lines.push('.SH EXAMPLES', ...examples.flatMap(example => exampleLines(example, id)))
  lines.push('.SH SEE ALSO', '.BR aquatic (1)')
  return lines
}

function firstPage(shown) {
  const lines = header('aquatic', pack.description)
  lines.push('.SH SYNOPSIS', '\\fBaquatic\\fR \\fIcommand\\fR [\\fIflags\\fR]', '.SH COMMANDS')
  for (const command of shown) {
    lines.push('.TP', `\\fB${plain(command.id.replaceAll(':', ' '))}\\fR`)
    lines.push(plain(filled(command.summary ?? command.description ?? '', command.id)) || '\\&')
  }
  const names = shown.map(command => `.BR ${plain(`aquatic-${command.id.replaceAll(':', '-')}`)} (1)`)
  lines.push('.SH SEE ALSO', ...names.map((name, at) => (at < names.length - 1 ? `${name} ,` : name)))
  return lines
}

const shown = Object.values(commands)
  .filter(isShown)
  .sort((a, b) => (a.id < b.id ? -1 : 1))
mkdirSync(place('man'), { recursive: true })
const pages = new Map([['aquatic.1', firstPage(shown)]])
for (const command of shown) pages.set(`aquatic-${command.id.replaceAll(':', '-')}.1`, commandPage(command))
for (const name of readdirSync(place('man'))) if (!pages.has(name)) rmSync(place(`man/${name}`))
for (const [name, lines] of pages) writeFileSync(place(`man/${name}`), `${lines.join('\n')}\n`)
if (process.argv.includes('--list')) {
  pack.man = [...pages.keys()].map(name => `./man/${name}`)
  writeFileSync(place('package.json'), `${JSON.stringify(pack, null, 2)}\n`)
}
