// The page of alarms: what is wrong now, and what was.

import * as api from './api'
import { AlarmList } from './alarm'
import { useLive } from './live'
import { Heading, Lost, pageSize, Paging, useLoad, Waiting, When } from './parts'
import { go, useLocation } from './router'
import { choice } from './schema'
import { duration, moment, type Alarm } from './status'

interface PastAlarms {
  meta: { offset: number; total_count: number }
  objects: (Alarm & { time_lowered: string })[]
}

/** Returns a page of the alarms that are over; undefined = the Management Node keeps none. */
const past = (query: string) =>
  api.request<PastAlarms>('GET', `/api/admin/history/v1/alarm/?${query}`).catch((e: api.Refusal) => {
    if (e.status !== 404) throw e
    return undefined
  })

export function AlarmsPage() {
  const live = useLive('resources=alarm')
  const offset = Number(useLocation().searchParams.get('offset')) || 0
  const alarms = live.of<Alarm>('alarm')
  const query = new URLSearchParams({ order_by: '-time_raised', limit: String(pageSize), offset: String(offset) })
  const { value, error, again } = useLoad(async () => ({ page: await past(String(query)) }), [String(query), alarms.map((a) => a.id).join()])
  return (
    <>
      <Heading text="Alarms" />
      <Lost live={live} />
      {!live.ready ? !live.lost && <Waiting again={() => {}} /> : alarms.length > 0 ? <AlarmList alarms={alarms} /> : <p class="calm">Nothing is wrong now.</p>}
      {!value ? <Waiting error={error} again={again} /> : value.page && <Earlier {...value.page} />}
    </>
  )
}

function Earlier({ meta, objects }: PastAlarms) {
  return (
    <section aria-labelledby="past">
      <h2 id="past">Earlier</h2>
      {objects.length === 0 ? <p class="muted">There has been none so far.</p> : (
        <table class="past">
          <thead><tr><th scope="col">Alarm</th><th scope="col">Raised</th><th scope="col">Held for</th><th scope="col">Details</th></tr></thead>
          <tbody>
            {objects.map((a) => (
              <tr key={a.id}>
                <th scope="row">{choice(a.name)}<span class="muted small below">{a.instance}</span></th>
                <td data-label="Raised"><When at={a.time_raised} /></td>
                <td data-label="Held for">{duration((moment(a.time_lowered).getTime() - moment(a.time_raised).getTime()) / 1000)}</td>
                <td data-label="Details">{a.details}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Paging {...meta} shown={objects.length} onOffset={(o) => go(`/alarms/${o > 0 ? `?offset=${o}` : ''}`, 'replace')} />
    </section>
  )
}
