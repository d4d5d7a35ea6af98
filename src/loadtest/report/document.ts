// The JSON document of a load test, as schemas/load-test-result.json describes it: the result with its environment, its
// command and the histograms in a format that other tools read. What has no end (Infinity) is null in JSON.

import { readFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AquaticError, fileReason } from '../../errors.js'
import type { LoadPlan, Stage } from '../plan.js'
import type { KindFigures, LatencyFigures, LoadTestResult } from '../result.js'
import type { Environment } from './environment.js'
import { hdrBase64 } from './hdr.js'
import { packageRoot } from './package-root.js'
import { type Schema, schemaProblems } from './schema-problems.js'

/** Raised when a key goes or changes its meaning; new keys alone leave it. */
export const RESULT_SCHEMA_VERSION = 1

export interface LatencyDocument extends LatencyFigures {
  /** HdrHistogram V2, compressed, base64; nanoseconds. */
  readonly hdrHistogram: string
}

export interface KindDocument extends KindFigures {
  readonly response: LatencyDocument | null
  readonly service: LatencyDocument
}

export interface LoadTestDocument extends LoadTestResult {
  readonly schemaVersion: typeof RESULT_SCHEMA_VERSION
  readonly environment: Environment
  /** The command line, program first. */
  readonly command: readonly string[]
  readonly kinds: readonly KindDocument[]
}

export async function buildDocument(
  result: LoadTestResult,
  environment: Environment,
  command: readonly string[],
): Promise<LoadTestDocument> {
  const kinds: KindDocument[] = []
  for (const kind of result.kinds) {
    kinds.push({
      ...kind,
      response: kind.response === null ? null : await latencyDocument(kind.response),
      service: await latencyDocument(kind.service),
    })
  }
  return { schemaVersion: RESULT_SCHEMA_VERSION, environment, command, ...result, kinds }
}

async function latencyDocument(figures: LatencyFigures): Promise<LatencyDocument> {
  return { ...figures, hdrHistogram: await hdrBase64(figures) }
}

/** One JSON text, indented but for the long lists of numbers, that ends with a newline. */
export function documentText(document: LoadTestDocument): string {
  // Pairs and points of the series on one line each: the file stays readable, and a third of its size.
  return `${JSON.stringify(document, null, 2).replaceAll(/\[\n\s+([-\d.e+]+),\n\s+([-\d.e+]+)\n\s+\]/g, '[$1, $2]')}\n`
}

/**
 * Parses and checks a document. @param name of the file, for errors
 * @throws AquaticError with one sentence where it is no JSON, no result, or of another version
 */
export function readDocument(text: string, name: string): LoadTestDocument {
  const value = parse(text, name)
  if (typeof value !== 'object' || value === null || !('schemaVersion' in value)) {
    throw notAResult(`${name} is no result of a load test: it has no schemaVersion.`)
  }
  checkVersion(value.schemaVersion, name)
  const [problem] = schemaProblems(resultSchema(), value)
  if (problem !== undefined) {
    throw notAResult(
      `${name} is no result of a load test that can be read: ${problem.replace(/^\$\.?/, '')}.`,
    )
  }
  return withoutNulls(value as LoadTestDocument)
}

/** A result of the longest test has a few megabytes. */
const DOCUMENT_BYTES_MAX = 64 * 2 ** 20

/** As `readDocument`, of a file. @throws AquaticError also where it can't be read */
export async function readDocumentFile(path: string): Promise<LoadTestDocument> {
  return readDocument(await readText(path), path)
}

async function readText(path: string): Promise<string> {
  try {
    const found = await stat(path)
    // A pipe or a device may never end.
    if (!found.isFile()) throw notAResult(`${path} is no regular file.`)
    if (found.size > DOCUMENT_BYTES_MAX) {
      throw notAResult(`${path} has ${found.size} bytes, and results at most ${DOCUMENT_BYTES_MAX}.`)
    }
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof AquaticError || code === undefined) throw error
    throw notAResult(`${path} can't be read: ${fileReason(error)}.`, error)
  }
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw notAResult(`${name} is not JSON.`, error)
  }
}

function checkVersion(version: unknown, name: string): void {
  if (version === RESULT_SCHEMA_VERSION) return
  if (typeof version !== 'number') {
    throw notAResult(`${name} is no result of a load test: its schemaVersion is no number.`)
  }
  const isNewer = version > RESULT_SCHEMA_VERSION
  throw new AquaticError(
    'AQ_RESULT',
    `${name} has schema version ${version}, which is ${isNewer ? 'newer' : 'older'} than the ${RESULT_SCHEMA_VERSION} that this aquatic reads.`,
    { remedy: isNewer ? 'use the aquatic that wrote it, or a newer one' : 'run the load test again' },
  )
}

function notAResult(message: string, cause?: unknown): AquaticError {
  const remedy = 'name a file that aquatic loadtest wrote with --json or --out FILE.json'
  return new AquaticError('AQ_RESULT', message, { remedy, cause })
}

let schema: Schema | undefined

function resultSchema(): Schema {
  schema ??= JSON.parse(readFileSync(join(packageRoot, 'schemas/load-test-result.json'), 'utf8')) as Schema
  return schema
}

/** What JSON can't say is as it was when the document was built. */
function withoutNulls(document: LoadTestDocument): LoadTestDocument {
  const { plan } = document
  const { pacing, phases, ws } = plan
  const endless = (value: number | null): number => value ?? Number.POSITIVE_INFINITY
  const stage = ({ seconds, from, to }: Stage): Stage => ({ seconds: endless(seconds), from, to })
  const mended: LoadPlan = {
    ...plan,
    pacing: pacing.mode === 'closed' ? pacing : { ...pacing, stages: pacing.stages.map(stage) },
    phases: { ...phases, measureSeconds: endless(phases.measureSeconds) },
    ws: { ...ws, connectionsPerSecond: endless(ws.connectionsPerSecond) },
  }
  return { ...document, plan: mended }
}
