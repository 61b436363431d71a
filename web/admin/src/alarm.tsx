// Alarms that hold now.

import { When } from './parts'
import { choice } from './schema'
import type { Alarm } from './status'

/** Alarms with what to do about them; nothing where there is none. */
export function AlarmList({ alarms }: { alarms: Alarm[] }) {
  if (alarms.length === 0) return null
  return (
    <ul class="alarms" aria-label="Alarms">
      {alarms.map((a) => (
        <li key={a.id} class={`alarm ${a.level}`}>
          <p><strong>{choice(a.name)}: {a.instance}</strong> <span class="small">since <When at={a.time_raised} /></span></p>
          <p>{a.details}</p>
        </li>
      ))}
    </ul>
  )
}
