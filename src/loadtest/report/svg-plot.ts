// Plots as inline SVG: lines or bars over linear or logarithmic axes. Knows numbers and labels, nothing of load tests.

import { escaped } from './html-text.js'

export interface Axis {
  readonly label: string
  readonly scale: 'linear' | 'log'
  /** Marks with their texts; those outside the range are left out. */
  readonly ticks: readonly Tick[]
  readonly min: number
  readonly max: number
}

export interface Tick {
  readonly at: number
  readonly text: string
}

export interface Line {
  readonly name: string
  /** 1 and up, as many as the style sheet has: colour and dashes, so that lines differ on paper too. */
  readonly style: number
  /** Null: a gap. */
  readonly points: readonly (readonly [x: number, y: number | null])[]
}

export interface Bar {
  readonly from: number
  readonly to: number
  readonly value: number
  readonly isFailure: boolean
}

export interface Plot {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly lines?: readonly Line[]
  /** False: lines are named elsewhere, as there are many. */
  readonly hasLegend?: boolean
  readonly bars?: readonly Bar[]
}

const WIDTH = 720
const HEIGHT = 260
const LEFT = 64
const RIGHT = 16
const TOP = 30
const BOTTOM = 44

/** A figure with its caption. */
export function plotFigure(plot: Plot): string {
  const { title, x, y, lines = [], bars = [], hasLegend = true } = plot
  const across = (value: number): number => LEFT + part(x, value) * (WIDTH - LEFT - RIGHT)
  const down = (value: number): number => HEIGHT - BOTTOM - part(y, value) * (HEIGHT - TOP - BOTTOM)
  const body = [
    ...y.ticks.filter(tick => isInside(y, tick)).map(tick => horizontalTick(tick, down(tick.at))),
    ...x.ticks.filter(tick => isInside(x, tick)).map(tick => verticalTick(tick, across(tick.at))),
    ...bars.map(bar => barShape(bar, across, down, y.min)),
    ...lines.map(line => lineShape(line, across, down)),
    axisLabel(x.label, WIDTH - RIGHT, HEIGHT - 6, 'end'),
    axisLabel(y.label, 4, 14, 'start'),
    ...(hasLegend ? lines.map((line, index) => legend(line, index, lines.length)) : []),
  ]
  return `<figure>
<figcaption>${escaped(title)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">
${body.join('\n')}
</svg>
</figure>`
}

/** 0 to 1 along an axis; what lies outside is at its end. */
function part({ scale, min, max }: Axis, value: number): number {
  const to = scale === 'log' ? (number: number): number => Math.log10(Math.max(number, min)) : Number
  const share = max > min ? (to(value) - to(min)) / (to(max) - to(min)) : 0
  return Math.min(1, Math.max(0, share))
}

function isInside({ min, max }: Axis, { at }: Tick): boolean {
  return at >= min && at <= max
}

function horizontalTick({ text }: Tick, y: number): string {
  return (
    `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y)}" y2="${at(y)}"/>` +
    `<text class="tick" x="${LEFT - 6}" y="${at(y + 4)}" text-anchor="end">${escaped(text)}</text>`
  )
}

function verticalTick({ text }: Tick, x: number): string {
  return (
    `<line class="grid" x1="${at(x)}" x2="${at(x)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>` +
    `<text class="tick" x="${at(x)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${escaped(text)}</text>`
  )
}

type Place = (value: number) => number

/** A lone point between gaps is a short stroke, not nothing. */
function lineShape({ points, style }: Line, across: Place, down: Place): string {
  let path = ''
  let isOpen = false
  for (const [x, y] of points) {
    if (y === null) isOpen = false
    else if (isOpen) path += `L${at(across(x))} ${at(down(y))}`
    else {
      path += `M${at(across(x))} ${at(down(y))}h0.1`
      isOpen = true
    }
  }
  return `<path class="line s${style}" d="${path}"/>`
}

function barShape({ from, to, value, isFailure }: Bar, across: Place, down: Place, floor: number): string {
  const [left, right, top] = [across(from), across(to), down(value)]
  const style = isFailure ? 'bar failed' : 'bar'
  return `<rect class="${style}" x="${at(left)}" y="${at(top)}" width="${at(Math.max(0.5, right - left))}" height="${at(down(floor) - top)}"/>`
}

function axisLabel(text: string, x: number, y: number, anchor: string): string {
  return `<text class="label" x="${x}" y="${y}" text-anchor="${anchor}">${escaped(text)}</text>`
}

const LEGEND_WIDTH = 110

function legend({ name, style }: Line, index: number, count: number): string {
  if (count < 2) return ''
  const x = WIDTH - RIGHT - (count - index) * LEGEND_WIDTH
  return (
    `<path class="line s${style}" d="M${x} 12h22"/>` +
    `<text class="label" x="${x + 28}" y="16">${escaped(name)}</text>`
  )
}

/** One tenth of a pixel is enough. */
function at(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** Marks at 1, 2 and 5 times powers of ten, about five of them. */
export function linearTicks(max: number, text: (value: number) => string): Tick[] {
  if (!(max > 0)) return [{ at: 0, text: text(0) }]
  const rough = max / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(size => size >= rough) ?? rough
  return Array.from({ length: Math.floor(max / step + 1e-9) + 1 }, (_, index) => {
    const value = Number((index * step).toPrecision(12))
    return { at: value, text: text(value) }
  })
}

/** Marks at powers of ten, and at 2 and 5 times them where there are few. */
export function logTicks(min: number, max: number, text: (value: number) => string): Tick[] {
  const first = Math.floor(Math.log10(min))
  const last = Math.ceil(Math.log10(max))
  const factors = last - first <= 3 ? [1, 2, 5] : [1]
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index)).flatMap(power =>
    factors.map(factor => {
      const value = Number((factor * power).toPrecision(3))
      return { at: value, text: text(value) }
    }),
  )
}
