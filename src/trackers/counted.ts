// Numbers of things, as people read them.

/** `1 torrent`, `2,000 torrents` */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}
