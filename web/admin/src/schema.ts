// What the API says about the fields of a kind, made ready for pages.

import { request, root } from './api'

export interface Field {
  type: 'string' | 'integer' | 'float' | 'boolean' | 'datetime' | 'related'
  help_text: string
  nullable: boolean
  readonly: boolean
  blank: boolean // need not be given
  default: unknown
  related_type?: 'to_one' | 'to_many'
  related_schema?: string
  related_name?: string // of a list of objects that belong to this one: their field that says so
  valid_choices?: string[]
  accepts?: string[] // of the choices, those that there are already
  later?: string // why it must keep its default
  secret?: boolean // never read back
  range?: [number | null, number | null]
}

export interface Schema {
  help_text: string
  fields: Record<string, Field>
  field_order: string[]
  allowed_list_http_methods: string[]
}

const schemas = new Map<string, Promise<Schema>>()

/** Returns the schema of a kind, which is asked for once. */
export function schemaOf(kind: string): Promise<Schema> {
  let found = schemas.get(kind)
  if (!found) {
    found = request<Schema>('GET', `${root}${kind}/schema/`)
    found.catch(() => schemas.delete(kind))
    schemas.set(kind, found)
  }
  return found
}

/** Returns the kinds that there are. */
export const kindsThere = () => request<Record<string, unknown>>('GET', root).then(Object.keys)

/** Returns the kind that a field refers to. */
export const relatedKind = (f: Field) => f.related_schema?.split('/').at(-3) ?? ''

/** Reports whether a field can be nothing but its default yet. */
export function isFixed(f: Field): boolean {
  const [least, most] = f.range ?? [null, null]
  return f.later !== undefined || f.accepts?.length === 1 || (f.type === 'integer' && least !== null && least === most)
}

/** Returns the fields of a kind that can be written, in order, with what belongs to an object before its details; those that are fixed apart. */
export function fieldsOf(schema: Schema, without?: string): { open: [string, Field][]; fixed: [string, Field][] } {
  const all = schema.field_order
    .map((name): [string, Field] => [name, schema.fields[name]])
    .filter(([name, f]) => !f.readonly && name !== without)
  const first = all.findIndex(([name]) => name === 'description') + 1
  const owned = all.filter(([, f]) => f.related_name)
  const rest = all.filter(([, f]) => !f.related_name)
  return { open: rest.toSpliced(first, 0, ...owned).filter(([, f]) => !isFixed(f)), fixed: all.filter(([, f]) => isFixed(f)) }
}

/** Returns the field that names an object of the kind. */
export const titleField = (schema: Schema) => ['name', 'alias', 'title'].find((f) => f in schema.fields) ?? 'id'

/** Returns the help of a field, and what it means to leave it empty, which the API says as "null: ...". */
export function help(f: Field): { text: string; empty: string } {
  const [, before, empty, after] = /^(.*?)\s*\b(?:null|Empty): ([^.]*)\.(.*)$/.exec(f.help_text) ?? [null, f.help_text, '', '']
  return { text: (before + after).replace(/\s*\(Parley only\)/, '').trim(), empty }
}

const words: Record<string, string> = {
  adhoc: 'ad-hoc', api: 'API', csv: 'CSV', es: 'event sink', gms: 'Google Meet', id: 'ID', idp: 'IdP', ivr: 'IVR', mssip: 'Skype',
  pin: 'PIN', tls: 'TLS', url: 'URL', vm: 'VM',
}

// Names of fields that say more than those of the API.
const names: Record<string, string> = {
  conference: 'Room', default_host_view: 'Layout', es_connection_timeout: 'Event sinks: timeout', es_initial_retry_backoff: 'Event sinks: first wait',
  es_maximum_retry_backoff: 'Event sinks: longest wait', host_view: 'Layout', max_pixels_per_second: 'Largest picture',
  primary_owner_email_address: 'Owner (email)', system_location: 'Location',
}

const choices: Record<string, string> = {
  sd: 'SD', hd: 'HD (720p)', fullhd: 'Full HD (1080p)',
}

/** Returns the name of a field as people read it. */
export function label(name: string): string {
  if (names[name]) return names[name]
  const text = name.replace(/(\d+)$/, '_$1').split('_').map((word) => words[word] ?? word).join(' ')
  return text[0].toUpperCase() + text.slice(1)
}

/** Returns a choice as people read it. */
export function choice(value: string): string {
  const text = choices[value] ?? value.replaceAll('_', ' ')
  return text === text.toUpperCase() ? text : text[0].toUpperCase() + text.slice(1)
}

/** Returns why a field must keep its default. */
export const whyFixed = (f: Field) =>
  f.later ? sentence(f.later.replace(/: (use|leave) .*$/, '')) : `Always ${typeof f.default === 'string' ? choice(f.default).toLowerCase() : String(f.default)}.`

/** Makes a sentence of what the API says about a field. */
export const sentence = (text: string) => text[0].toUpperCase() + text.slice(1) + (/[.?)]$/.test(text) ? '' : '.')
