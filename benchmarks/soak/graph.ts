// A series as text: a column for each stretch of time, a row for each step of its value.

const block = '█'

/** The means of equal stretches of a series; fewer where there are fewer values. */
function condense(values: readonly number[], columns: number): number[] {
  const width = Math.min(columns, values.length)
  return Array.from({ length: width }, (_, column) => {
    const part = values.slice(
      Math.floor((column * values.length) / width),
      Math.floor(((column + 1) * values.length) / width),
    )
    return part.reduce((sum, value) => sum + value, 0) / part.length
  })
}

/** Lines of text from the largest value down to 0, with the largest and 0 at the left; empty without values. */
export function drawGraph(
  values: readonly number[],
  format: (value: number) => string,
  columns = 72,
  rows = 6,
): string {
  if (values.length === 0) return ''
  const heights = condense(values, columns)
  const top = Math.max(...heights, Number.MIN_VALUE)
  const labels = [format(top), format(0)]
  const width = Math.max(...labels.map(label => label.length))
  return Array.from({ length: rows }, (_, row) => {
    const label = row === 0 ? labels[0]! : row === rows - 1 ? labels[1]! : ''
    const line = heights
      .map(height => (Math.round((height / top) * rows) >= rows - row ? block : ' '))
      .join('')
    return `${label.padStart(width)} │${line}`.trimEnd()
  }).join('\n')
}
