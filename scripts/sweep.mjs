// Removes from dist what was compiled from sources that are gone: it would be packed, and its tests would run.
import { existsSync, readdirSync, rmSync } from 'node:fs'

const place = path => new URL(`../${path}`, import.meta.url)

for (const path of readdirSync(place('dist'), { recursive: true })) {
  if (!path.endsWith('.js')) continue
  const source = path.slice(0, -'.js'.length)
  if (!existsSync(place(`${source}.ts`)) && !existsSync(place(`${source}.tsx`))) rmSync(place(`dist/${path}`))
}
