// The graph of a conference: its node, and a line to everybody who is in it.

import { qualityName, type Conference, type Participant } from './status'

const most = 24 // lines that can be told apart
const row = 26
const width = 420

export function Graph({ conference: c, people }: { conference: Conference; people: Participant[] }) {
  const shown = people.slice(0, most)
  const rows = Math.max(shown.length + (people.length > most ? 1 : 0), 3)
  const height = rows * row + 16
  const middle = height / 2
  const place = people[0]?.system_location ?? ''
  const words = [`Node ${c.node}${place && ` in ${place}`}`, ...shown.map((p) => `${p.display_name}: ${qualityName(p.call_quality) === 'unknown' ? 'quality not known yet' : `${qualityName(p.call_quality)} quality`}`)]
  return (
    <figure class="graph">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={words.join('; ')}>
        {shown.map((p, i) => {
          const y = 8 + row * (i + 0.5) + ((rows - shown.length) * row) / 2
          return (
            <g key={p.id}>
              <path class={`call ${qualityName(p.call_quality)}`} d={`M 128 ${middle} C 190 ${middle}, 190 ${y}, 248 ${y}`} />
              <circle class={`end ${qualityName(p.call_quality)}`} cx="254" cy={y} r="5" />
              <text x="268" y={y} dominant-baseline="central">{short(p.display_name, 18)}</text>
            </g>
          )
        })}
        {people.length > most && <text x="268" y={height - row / 2} dominant-baseline="central">and {people.length - most} more</text>}
        <rect x="4" y={middle - 24} width="124" height="48" rx="8" />
        <text x="66" y={middle - (place ? 8 : 0)} text-anchor="middle" dominant-baseline="central" class="strong">{short(c.node, 14)}</text>
        {place && <text x="66" y={middle + 11} text-anchor="middle" dominant-baseline="central" class="light">{short(place, 16)}</text>}
      </svg>
    </figure>
  )
}

const short = (text: string, length: number) => (text.length > length ? text.slice(0, length - 1) + '…' : text)
