// "Did you mean": the nearest of a few known words.

/** Changes (insert, delete, replace, swap of neighbours) from one word to the other. */
function editDistance(source: string, target: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: target.length + 1 }, (_, column) => column)
  for (let row = 1; row <= source.length; row++) {
    const current = [row]
    for (let column = 1; column <= target.length; column++) {
      const same = source[row - 1] === target[column - 1]
      let best = Math.min(
        previous[column]! + 1,
        current[column - 1]! + 1,
        previous[column - 1]! + (same ? 0 : 1),
      )
      const swapped = source[row - 1] === target[column - 2] && source[row - 2] === target[column - 1]
      if (row > 1 && column > 1 && swapped) best = Math.min(best, beforePrevious[column - 2]! + 1)
      current.push(best)
    }
    beforePrevious = previous
    previous = current
  }
  return previous[target.length]!
}

/** Longer input is not a typing error, and the distance costs time with its square. */
const longestWord = 100

/** The known word that the given one is most likely a slip of, if one is within a third of its length. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > longestWord) return undefined
  const lowered = word.toLowerCase().replaceAll('-', '_')
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(lowered, candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}
