// A bench as tables for a terminal.

import { metrics } from '../metrics.js'
import { figureText, ratioText, shownMetrics, troubleText } from './figure-text.js'
import type { ReportData } from './report-data.js'

export async function tableReport(data: ReportData): Promise<string> {
  const { default: Table } = await import('cli-table3')
  const nameOf = (key: string): string =>
    data.contenders.find(contender => contender.key === key)?.name ?? key
  const parts: string[] = []
  for (const summary of data.summaries) {
    const { workload, baseline, contenders, noise } = summary
    const title = data.workloads.find(({ key }) => key === workload)?.title ?? workload
    // No colours: the table is the answer, which may go to a file.
    const table = new Table({
      head: ['figure', ...contenders.map(({ contender }) => nameOf(contender))],
      style: { head: [], border: [] },
    })
    for (const { key, title: metricTitle } of shownMetrics(summary)) {
      const cells = contenders.map(({ figures, isRanked }) => {
        const figure = figures.find(({ metric }) => metric === key)
        if (figure === undefined || !isRanked) return '–'
        const ratio = figure.ratio === null ? '' : `\n${ratioText(figure.ratio)}`
        return figureText(key, figure.median) + ratio
      })
      table.push([metricTitle, ...cells])
    }
    parts.push(
      `${title} (ratios to ${nameOf(baseline)}, 95 % intervals; ~ no difference shown)\n${table.toString()}`,
    )
    const noiseTexts = noise
      .filter(({ metric }) => metric === 'processor_us' || metric === 'responses_per_second')
      .map(({ metric, ratio }) => `${metrics.find(({ key }) => key === metric)?.title} ${ratioText(ratio)}`)
    if (noiseTexts.length > 0) parts.push(`noise, by two equal runs: ${noiseTexts.join('; ')}`)
    for (const { contender, troubles } of contenders) {
      for (const trouble of troubles) parts.push(`${nameOf(contender)}, ${troubleText(trouble)}`)
    }
  }
  for (const { name, reason, remedy } of data.missing) parts.push(`not here: ${name}: ${reason} (${remedy})`)
  for (const warning of data.warnings) parts.push(`mind: ${warning}`)
  if (!data.isWhole) parts.push('The bench was interrupted; go on with --resume.')
  return `${parts.join('\n')}\n`
}
