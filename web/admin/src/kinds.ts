// How the pages call the resources of the API, and where they stand in the navigation.

import { label } from './schema'

export interface Kind {
  title: string
  one: string // as in "New room"
  columns: string[] // of the list
  empty: string // what to do when there is none
  goes?: string // what else is deleted with one
  anew?: { action: string; text: string; command: string; by: string } // tells anew what was told when one was made
}

const known: Record<string, Kind> = {
  conference: {
    title: 'Rooms',
    one: 'room',
    columns: ['name', 'aliases', 'participant_limit', 'description'],
    empty: 'A room is where people meet. Make one with an alias, and callers can dial it a moment later.',
    goes: 'Its aliases are deleted with it. Calls that are in it go on.',
  },
  conference_alias: {
    title: 'Aliases',
    one: 'alias',
    columns: ['alias', 'conference', 'description'],
    empty: 'An alias is what callers dial to reach a room. Make a room first, and give it one or more there.',
  },
  system_location: {
    title: 'Locations',
    one: 'location',
    columns: ['name', 'description', 'event_sinks'],
    empty: 'A location is a group of nodes, usually one site. Make one before the first node.',
  },
  worker_vm: {
    title: 'Nodes',
    one: 'node',
    columns: ['name', 'system_location', 'joined', 'maintenance_mode', 'description'],
    empty: 'A node takes calls. Make one here, and run the command that you are shown on the new machine.',
    goes: 'Its machine is cut off from this deployment and has to join anew.',
    anew: {
      action: 'New join command',
      text: 'The machine that runs it takes the place of the one that has joined, which is cut off then. A command that was not used yet is over.',
      command: 'worker_vm/join_token',
      by: 'worker_vm_id',
    },
  },
  event_sink: {
    title: 'Event sinks',
    one: 'event sink',
    columns: ['name', 'url', 'description'],
    empty: 'An event sink is a server of yours that is told what happens. Make one, and choose it in the locations that it is for.',
  },
  global: { title: 'Settings', one: 'settings', columns: [], empty: '' },
  admin_user: {
    title: 'Users',
    one: 'user',
    columns: ['name', 'role', 'enabled', 'description'],
    empty: 'There are no accounts.',
    goes: 'The API tokens of the account are deleted with it.',
  },
  api_token: {
    title: 'API tokens',
    one: 'API token',
    columns: ['name', 'user', 'role', 'expires'],
    empty: 'A token lets a program use the API without a password. Make one for each program, so that each can be taken back.',
    goes: 'Programs that use it are refused from then on.',
  },
}

/** Returns how a kind is called; one that the pages do not know by what the API says. */
export const kindOf = (name: string): Kind =>
  known[name] ?? { title: label(name), one: label(name).toLowerCase(), columns: [], empty: 'There is none yet.' }

export interface Section {
  title: string
  pages: { title: string; path: string }[]
}

const order: [string, string[]][] = [
  ['Meetings', ['conference', 'conference_alias']],
  ['Deployment', ['system_location', 'worker_vm', 'event_sink', 'global']],
  ['Access', ['admin_user', 'api_token']],
]

// What watches the deployment stands before the configuration; see watch.tsx.
const watching: Section = { title: 'Watch', pages: [{ title: 'Live', path: '/live/' }, { title: 'History', path: '/history/' }, { title: 'Alarms', path: '/alarms/' }] }

/** Returns the navigation for the kinds that there are. */
export function navigation(kinds: string[]): Section[] {
  const placed = order.flatMap(([, names]) => names)
  const rest = kinds.filter((k) => !placed.includes(k))
  const page = (kind: string) => ({ title: kindOf(kind).title, path: `/${kind}/` })
  return [
    watching,
    ...order.map(([title, names]) => ({ title, pages: names.filter((k) => kinds.includes(k)).map(page) })),
    { title: 'More', pages: [...rest.map(page), { title: 'API', path: '/api/admin/docs/' }] },
  ].filter((s) => s.pages.length > 0)
}
