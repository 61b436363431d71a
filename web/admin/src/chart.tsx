// A chart of how many were there over time.

import { useEffect, useRef, useState } from 'preact/hooks'
import { moment, when } from './status'

export interface Point {
  time: string // the end of the step
  participants: number
  joined: number
}

const height = 180
const left = 36
const bottom = 22
const top = 10

export function Chart({ points, from, to }: { points: Point[]; from: Date; to: Date }) {
  const at = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(960) // as many units as pixels, so that letters have their size
  useEffect(() => {
    const observer = new ResizeObserver(([e]) => setWidth(Math.max(Math.round(e.contentRect.width), 240)))
    observer.observe(at.current!)
    return () => observer.disconnect()
  }, [])
  const highest = Math.max(...points.map((p) => p.participants), 0)
  const most = ceiling(highest)
  const x = (t: number) => left + ((t - from.getTime()) / (to.getTime() - from.getTime())) * (width - left)
  const y = (n: number) => height - bottom - (n / most) * (height - bottom - top)
  const path = points.map((p) => `${x(moment(p.time).getTime()).toFixed(1)} ${y(p.participants).toFixed(1)}`)
  const begin = `${left} ${y(points[0]?.participants ?? 0).toFixed(1)}`
  const peak = points.find((p) => p.participants === highest)
  const calls = points.reduce((sum, p) => sum + p.joined, 0)
  const words = highest > 0 && peak ? `At most ${highest} at the same time (${when(moment(peak.time))}), ${calls} came.` : 'Nobody was in a conference.'
  const step = (to.getTime() - from.getTime()) / Math.max(points.length, 1)
  return (
    <figure class="chart">
      <figcaption><strong>Participants at the same time</strong> <span class="muted">{words}</span></figcaption>
      <div ref={at}>
        <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={words}>
          {[0, most / 2, most].map((n) => (
            <g key={n}>
              <line x1={left} x2={width} y1={y(n)} y2={y(n)} class="grid" />
              <text x={left - 8} y={y(n)} text-anchor="end" dominant-baseline="central">{n}</text>
            </g>
          ))}
          {points.length > 0 && <path class="area" d={`M ${left} ${y(0)} L ${begin} L ${path.join(' L ')} L ${x(moment(points.at(-1)!.time).getTime())} ${y(0)} Z`} />}
          {points.length > 0 && <path class="curve" d={`M ${begin} L ${path.join(' L ')}`} />}
          {points.map((p) => {
            const at = moment(p.time).getTime()
            return (
              <rect key={p.time} class="hit" x={x(at - step)} width={x(at) - x(at - step)} y={top} height={height - bottom - top}>
                <title>{`until ${when(new Date(at))}: at most ${p.participants}, ${p.joined} came`}</title>
              </rect>
            )
          })}
          {(width < 480 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1]).map((share) => (
            <text key={share} x={left + share * (width - left)} y={height - 5} text-anchor={share === 0 ? 'start' : share === 1 ? 'end' : 'middle'}>
              {mark(new Date(from.getTime() + share * (to.getTime() - from.getTime())), to.getTime() - from.getTime())}
            </text>
          ))}
        </svg>
      </div>
    </figure>
  )
}

/** Returns an even number that a scale can end with: at least n, and at least 2. */
function ceiling(n: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(n, 1)))
  return [2, 4, 6, 8, 10, 20].map((f) => f * (power < 1 ? 1 : power)).find((c) => c >= n && c >= 2) ?? n
}

/** Returns a time at the axis: by the clock within two days, else the day. */
const mark = (at: Date, span: number) =>
  span <= 2 * 24 * 3600000 ? at.toLocaleTimeString(undefined, { timeStyle: 'short' }) : at.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })
