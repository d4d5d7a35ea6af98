// Text on a screen: how many columns it takes, and what is done to text that others wrote (peer ids, failure reasons,
// addresses), which must neither move the cursor nor break a table.

/** Longer ones are cut before anything else is done to them. */
const CHARACTERS_MAX = 1_000

/**
 * What terminals don't agree upon, or what is not shown at all: control characters (also C1, which are commands to
 * some terminals), directions of writing, joiners, private and unassigned characters, lone surrogates, and pictures.
 */
const UNSAFE =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{Extended_Pictographic}\p{Emoji_Modifier}\u{1F1E6}-\u{1F1FF}]/gu
/** `©`, `®`, `™` and digits are pictures to Unicode, and characters to all terminals. */
const SAFE_PICTURES = /[#*0-9\u00a9\u00ae\u2122\u203c\u2049\u2139\u2194-\u2199]/u
const COMBINING = /\p{M}/gu

/** One line without anything that could act on the terminal; what it stood for is shown as `·`. */
export function harmless(text: string): string {
  const cut = text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX)}…` : text
  if (/^[\x20-\x7e]*$/.test(cut)) return cut
  return cut
    .normalize('NFC')
    .replace(UNSAFE, character => (SAFE_PICTURES.test(character) ? character : '·'))
    .replace(COMBINING, '')
}

/** Ranges of characters that take two columns (East Asian Width W and F), first and last. */
const WIDE = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x17000, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
] as const

function charWidth(codePoint: number): number {
  if (codePoint < 0x1100) return 1
  return WIDE.some(([first, last]) => codePoint >= first && codePoint <= last) ? 2 : 1
}

/** Columns that a harmless text takes. */
export function textWidth(text: string): number {
  let width = 0
  for (const character of text) width += charWidth(character.codePointAt(0)!)
  return width
}

/** The text in at most so many columns; a cut one ends with `…`. */
export function fitText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  if (columns < 1) return ''
  let fitted = ''
  let width = 0
  for (const character of text) {
    const next = width + charWidth(character.codePointAt(0)!)
    if (next > columns - 1) break
    fitted += character
    width = next
  }
  return `${fitted}…`
}
