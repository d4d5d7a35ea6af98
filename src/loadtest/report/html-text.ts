// Text and tables in HTML. Everything is escaped here: remarks come from the other side.

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

/** A table; the first column are headings of rows, numbers are to be aligned by the style sheet. */
export function htmlTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = headings.some(heading => heading !== '')
    ? [
        `<thead><tr>${headings.map(heading => `<th scope="col">${escaped(heading)}</th>`).join('')}</tr></thead>`,
      ]
    : []
  const body = rows.map(([first, ...rest]) => {
    const cells = rest.map(cell => `<td>${escaped(cell)}</td>`).join('')
    return `<tr><th scope="row">${escaped(first)}</th>${cells}</tr>`
  })
  return ['<table>', ...head, '<tbody>', ...body, '</tbody>', '</table>'].join('\n')
}
