// Writes a result to what `--out` named: each file beside its place first, then renamed into it as a whole.

import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AquaticError } from '../../errors.js'
import { seriesCsv } from './csv.js'
import { documentText, type LoadTestDocument } from './document.js'
import { histogramLog, type NamedLatency, namedLatencies, percentileFile } from './hdr.js'
import { resultPage } from './html.js'
import type { OutFormat, OutTarget } from './out-target.js'
import { summaryText } from './table.js'

/** Width of summaries in files. */
const SUMMARY_COLUMNS = 100

interface OutFile {
  readonly path: string
  readonly text: () => string | Promise<string>
}

/**
 * Writes all targets. One that fails does not keep the others from being written.
 * @returns the paths that were written
 * @throws AquaticError (AQ_OUTPUT_FAILED) with a line for each that was not
 */
export async function writeOuts(
  targets: readonly OutTarget[],
  document: LoadTestDocument,
): Promise<string[]> {
  const written: string[] = []
  const problems: string[] = []
  const attempt = async (path: string, work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined && !(error instanceof NotReplaceable))
        throw error
      problems.push(`${path} could not be written: ${(error as Error).message}.`)
      return false
    }
  }
  for (const target of targets) {
    const isReady = target.kind === 'file' || (await attempt(target.path, () => makeDirectory(target.path)))
    if (!isReady) continue
    for (const file of filesOf(target, document)) {
      if (await attempt(file.path, async () => replaceFile(file.path, await file.text())))
        written.push(file.path)
    }
  }
  if (problems.length > 0) {
    const remedy = 'the result above is all that is lost: free space or choose another path, and run it again'
    throw new AquaticError('AQ_OUTPUT_FAILED', problems[0], { lines: problems, remedy })
  }
  return written
}

function filesOf(target: OutTarget, document: LoadTestDocument): OutFile[] {
  const latencies = namedLatencies(document)
  if (target.kind === 'file') {
    return [{ path: target.path, text: () => textIn(target.format, document, latencies) }]
  }
  const inside = (name: string): string => join(target.path, name)
  return [
    { path: inside('result.json'), text: () => textIn('json', document, latencies) },
    { path: inside('summary.txt'), text: () => textIn('txt', document, latencies) },
    { path: inside('series.csv'), text: () => textIn('csv', document, latencies) },
    { path: inside('report.html'), text: () => textIn('html', document, latencies) },
    ...latencies.flatMap(latency =>
      (['hgrm', 'hlog'] as const).map(format => ({
        path: inside(`${latency.kind}.${latency.latency}.${format}`),
        text: () => textIn(format, document, [latency]),
      })),
    ),
  ]
}

function textIn(
  format: OutFormat,
  document: LoadTestDocument,
  latencies: readonly NamedLatency[],
): string | Promise<string> {
  switch (format) {
    case 'json':
      return documentText(document)
    case 'csv':
      return seriesCsv(document.series)
    case 'html':
      return resultPage(document)
    case 'hgrm':
      return percentileFile(document, latencies)
    case 'hlog':
      return histogramLog(document, latencies)
    case 'txt':
      return summaryText(document, { columns: SUMMARY_COLUMNS })
  }
}

class NotReplaceable extends Error {}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

/** Only a regular file may be lost by the renaming: what was there before the run may be something else now. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporaryPath = `${path}.${process.pid}.tmp`
  await requireReplaceable(path)
  // Of an earlier process with this number; made anew below, so that no link that waits there is followed.
  await rm(temporaryPath, { force: true })
  try {
    await writeFile(temporaryPath, text, { flag: 'wx' })
    await rename(temporaryPath, path)
  } catch (error) {
    // On a full disk the half-written file is in the way of everybody.
    await rm(temporaryPath, { force: true })
    throw error
  }
}

async function requireReplaceable(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found !== undefined && !found.isFile()) throw new NotReplaceable(`${path} is no regular file any more`)
}
