// A strict bencode reader (BEP 3), independent of src: one value and nothing behind it, numbers without leading zeros,
// dictionary keys sorted by their bytes and each once. Strings come as latin1 text, one character for each byte.

export type BencodeValue = number | string | BencodeValue[] | BencodeDictionary
export interface BencodeDictionary {
  [key: string]: BencodeValue
}

export function decodeBencode(bytes: Uint8Array): BencodeValue {
  const text = Buffer.from(bytes).toString('latin1')
  let at = 0

  const fail = (why: string): never => {
    throw new SyntaxError(`${why} at byte ${at} of ${JSON.stringify(text)}`)
  }
  const take = (pattern: RegExp): string => {
    const match = pattern.exec(text.slice(at)) ?? fail(`no ${pattern}`)
    at += match[0].length
    return match[1]!
  }
  const string = (): string => {
    const length = Number(take(/^(0|[1-9]\d*):/))
    if (at + length > text.length) fail('a string is cut')
    at += length
    return text.slice(at - length, at)
  }
  const list = (): BencodeValue[] => {
    const items: BencodeValue[] = []
    for (at++; text[at] !== 'e'; ) items.push(value())
    at++
    return items
  }
  const dictionary = (): BencodeDictionary => {
    const entries: [string, BencodeValue][] = []
    for (at++; text[at] !== 'e'; ) {
      const key = string()
      if (entries.length > 0 && entries.at(-1)![0] >= key) fail(`key ${JSON.stringify(key)} is not sorted`)
      entries.push([key, value()])
    }
    at++
    return Object.fromEntries(entries)
  }
  const value = (): BencodeValue => {
    if (text[at] === 'i') return Number(take(/^i(0|-?[1-9]\d*)e/))
    if (text[at] === 'l') return list()
    if (text[at] === 'd') return dictionary()
    return string()
  }

  const result = value()
  if (at !== text.length) fail('bytes behind the value')
  return result
}
