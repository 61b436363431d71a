// The pages that watch the deployment, by their paths.

import type { ComponentChildren } from 'preact'
import { AlarmsPage } from './alarms'
import { HistoryPage } from './history'
import { MeetingPage } from './meeting'
import { OverviewPage } from './overview'
import { PastPage } from './past'

const uuid = '[0-9a-f-]{36}'

const pages: [RegExp, (id: string, writes: boolean) => ComponentChildren][] = [
  [/^\/live\/$/, () => <OverviewPage />],
  [new RegExp(`^/live/(${uuid})$`), (id, writes) => <MeetingPage key={id} id={id} writes={writes} />],
  [/^\/history\/$/, () => <HistoryPage />],
  [new RegExp(`^/history/(${uuid})$`), (id) => <PastPage key={id} id={id} />],
  [/^\/alarms\/$/, () => <AlarmsPage />],
]

/** Returns the page at a path; undefined = it is none of these. */
export function watchPage(path: string, writes: boolean): ComponentChildren {
  for (const [at, page] of pages) {
    const found = at.exec(path)
    if (found) return page(found[1], writes)
  }
  return undefined
}
