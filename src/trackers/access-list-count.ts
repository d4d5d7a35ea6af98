// Reads an access list only to say what is in it.

import { readAccessList } from '../swarm/access-list-file.js'

/** `1,234 info hashes`. @throws AquaticError AQ_ACCESS_LIST naming the first bad line, or why it can't be read */
export async function countAccessList(path: string): Promise<string> {
  const { size } = readAccessList(path)
  return `${size.toLocaleString('en-US')} info ${size === 1 ? 'hash' : 'hashes'}`
}
