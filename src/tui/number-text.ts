// Numbers as a screen shows them: three digits, the unit beside them. Never wider than eleven characters.

import type { Unit } from './snapshot.js'

/** `1.2k`, `49.9k/s`, `12.3 MiB`, `4.2 Mbit/s`, `0.14 ms`, `01:02`, `71 %`. */
export function numberText(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return '-'
  switch (unit) {
    case 'count':
      return countText(value)
    case 'perSecond':
      return `${countText(value)}/s`
    case 'bytes':
      return scaledText(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'])
    case 'bitsPerSecond':
      return scaledText(value, 1000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s', 'Pbit/s'])
    case 'microseconds':
      return latencyText(value)
    case 'milliseconds':
      return latencyText(value * 1000)
    case 'seconds':
      return clockText(value)
    case 'share':
      return `${shareDigits(value * 100)} %`
  }
}

/** A value of a snapshot, which may be a text or unknown. */
export function valueText(value: number | string | null, unit: Unit): string {
  if (value === null) return '-'
  return typeof value === 'string' ? value : numberText(value, unit)
}

function countText(value: number): string {
  return value < 999.5
    ? threeDigits(value, Number.isInteger(value))
    : scaled(value, 1000, ['', 'k', 'M', 'G', 'T', 'P'])
}

function scaledText(value: number, base: number, units: readonly string[]): string {
  return value < base && Number.isInteger(value) ? `${value} ${units[0]}` : scaled(value, base, units, ' ')
}

function scaled(value: number, base: number, units: readonly string[], space = ''): string {
  let index = 0
  // Rounded first: 999,950 is 1.00M, and no 1000k.
  while (index < units.length - 1 && value >= base - 0.5) {
    value /= base
    index++
  }
  return `${threeDigits(value)}${space}${units[index]}`
}

/** `1.23`, `12.3`, `123`; nothing behind the point where it is a whole number by nature. */
function threeDigits(value: number, isWhole = false): string {
  if (isWhole || value === 0 || value >= 99.95) return value.toFixed(0)
  return value.toFixed(value < 9.995 ? 2 : 1)
}

/** In milliseconds, the unit of latencies everywhere; only whole seconds are seconds. */
function latencyText(us: number): string {
  if (us >= 999_500) return `${threeDigits(us / 1e6)} s`
  const ms = us / 1000
  return `${ms < 0.0995 ? ms.toFixed(3) : threeDigits(ms)} ms`
}

/** `00:23`, `1:02:03`, `3 d 01:02`. */
function clockText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${two(hours % 24)}:${two(minutes)}`
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${two(minutes)}:${two(whole % 60)}`
}

function shareDigits(percent: number): string {
  return percent > 0 && percent < 9.95 ? percent.toFixed(percent < 0.995 ? 2 : 1) : percent.toFixed(0)
}
