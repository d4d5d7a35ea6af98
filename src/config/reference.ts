// Generates the pages of docs that list all keys from the tables, one for each application. `npm run docs` writes them;
// a test fails while one is stale.

import { applicationNames, tableOf } from './applications.js'
import { sharedNoEffect, tomlText } from './print.js'
import { type Entry, entriesOf, environmentName, type Leaf, paragraphs, type Table } from './schema.js'
import { allowedText } from './value.js'

const introduction = `# Configuration

This page is generated from the tables in \`src/config\` by \`npm run docs\`; do not edit it.

Every key has a default, so no file is needed. A value is taken from the first of these that has it:

1. a flag: \`--set network.address_ipv4=127.0.0.1:3000\`, any number of times;
2. the environment: \`AQUATIC_UDP__NETWORK__ADDRESS_IPV4=127.0.0.1:3000\`;
3. a TOML file: \`-c tracker.toml\`;
4. the default.

\`aquatic config print udp > tracker.toml\` writes a file with all keys, their defaults and
these explanations.
\`aquatic config check udp -c tracker.toml\` checks one, with all its problems at once, and asks the machine.
\`aquatic config explain udp network.engine -c tracker.toml\` says what a key does and who sets it,
\`aquatic config diff udp -c tracker.toml\` what differs from the defaults, and
\`aquatic config schema udp\` prints a JSON Schema for editors.
Without a protocol these commands are for all trackers in one process (\`aquatic serve\`).
Unknown keys are problems. A key that has no effect here is answered with a notice at start.
`

/** A page for people: its name in `docs` and its text. */
export interface ReferencePage {
  readonly file: string
  readonly text: string
}

/** All pages: the first explains where values come from and has the keys of the first application. */
export async function referencePages(): Promise<readonly ReferencePage[]> {
  const [first, ...others] = await Promise.all(applicationNames.map(tableOf))
  const links = others.map(table => `[${table.title}](${fileOf(table)})`)
  const more =
    links.length === 0 ? '' : `\nBelow: ${first!.title}. On pages of their own: ${links.join(', ')}.\n`
  return [
    { file: 'configuration.md', text: `${introduction}${more}\n${tableChapter(first!)}` },
    ...others.map(table => ({
      file: fileOf(table),
      text: `${laterIntroduction}\n${tableChapter(table)}`,
    })),
  ]
}

const laterIntroduction = `# Configuration, continued

This page is generated too. [Configuration](configuration.md) says where values come from and which commands there are.
`

/** Keys have the same names in several applications: a page for each keeps links to them unambiguous. */
function fileOf(table: Table): string {
  return `configuration-${table.application.replaceAll(' ', '-')}.md`
}

function tableChapter(table: Table): string {
  const entries = [...entriesOf(table).values()]
  const blocks = [`## ${table.title}`, ...chapterOf(table, entries, undefined, undefined)]
  for (const [name, section] of Object.entries(table.sections)) {
    const shared = sharedNoEffect(section.leaves)
    blocks.push(
      `### [${name}]`,
      ...docBlocks(section.doc, shared),
      ...chapterOf(table, entries, name, shared),
    )
  }
  const legacy = entries.filter(entry => entry.legacy)
  if (legacy.length > 0) {
    blocks.push('### Keys of older files', 'They are accepted, but `config print` does not write them.')
    blocks.push(...legacy.map(entry => leafText(table, entry, undefined)))
  }
  return `${blocks.join('\n\n')}\n`
}

function chapterOf(
  table: Table,
  entries: readonly Entry[],
  section: string | undefined,
  saidAlready: string | undefined,
): string[] {
  const mine = entries.filter(entry => entry.section === section && !entry.legacy)
  return mine.map(entry => leafText(table, entry, saidAlready))
}

function leafText(table: Table, { dotted, leaf }: Entry, saidAlready: string | undefined): string {
  const facts = [
    ['Type', typeName(leaf.type)],
    ['Default', `\`${tomlText(leaf.default)}\``],
    ['Unit', leaf.type === 'integer' || leaf.type === 'number' ? (leaf.unit ?? 'none') : undefined],
    ['Allowed', allowedText(leaf)],
    ['Environment', `\`${environmentName(table, dotted)}\``],
    ['Flag', leaf.flag === undefined ? undefined : `\`--${leaf.flag}\``],
    ['Since', leaf.since],
  ].filter(([, fact]) => fact !== undefined)
  const text = docBlocks(leaf.doc, leaf.noEffect === saidAlready ? undefined : leaf.noEffect)
  const rows = ['| | |', '|---|---|', ...facts.map(([name, fact]) => `| ${name} | ${fact} |`)].join('\n')
  return [`#### \`${dotted}\``, ...text, rows].join('\n\n')
}

/** Running text as it is, command lines as code. */
function docBlocks(doc: string, noEffect: string | undefined): string[] {
  const blocks = paragraphs(doc).map(block => (block.startsWith('$ ') ? `    ${block.slice(2)}` : block))
  return noEffect === undefined ? blocks : [...blocks, `**No effect:** ${noEffect}`]
}

const typeNames = {
  boolean: 'boolean',
  integer: 'integer',
  number: 'number',
  string: 'string',
  list: 'list of strings',
  path: 'path (string)',
  oneOf: 'word (string)',
  socketAddress: 'socket address (string)',
} as const

/** The type of a value in words. */
export function typeName(type: Leaf['type']): string {
  return typeNames[type]
}
