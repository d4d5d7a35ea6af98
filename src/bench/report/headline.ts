// The headline of a report, which other pages show too.

/** Comments: nobody sees them. */
export const headlineMarks = { begin: '<!-- headline -->', end: '<!-- /headline -->' } as const

/** What stands between the marks of a page; undefined where they are not. */
export function headlineOf(page: string): string | undefined {
  const begin = page.indexOf(headlineMarks.begin)
  const end = page.indexOf(headlineMarks.end)
  if (begin < 0 || end < begin) return undefined
  return page.slice(begin + headlineMarks.begin.length, end).trim()
}

/** The page with another headline between its marks; as it was where it has none. */
export function withHeadline(page: string, headline: string): string {
  const begin = page.indexOf(headlineMarks.begin)
  const end = page.indexOf(headlineMarks.end)
  if (begin < 0 || end < begin) return page
  const before = page.slice(0, begin + headlineMarks.begin.length)
  return `${before}\n\n${headline}\n\n${page.slice(end)}`
}
