// The page that lists the objects of a kind.

import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import * as api from './api'
import { kindOf } from './kinds'
import { useEdited } from './live'
import { Heading, pageSize, Paging, useLoad, Waiting } from './parts'
import { go, useLocation } from './router'
import { choice, fieldsOf, label, relatedKind, schemaOf, titleField, type Field, type Schema } from './schema'


/** What is listed: it stands in the address, so that the way back leads to the same. */
interface Query {
  search: string
  order: string
  offset: number
}

export function ListPage({ kind, writes }: { kind: string; writes: boolean }) {
  const { title, one, empty } = kindOf(kind)
  const at = useLocation().searchParams
  const query: Query = { search: at.get('search') ?? '', order: at.get('order') ?? '', offset: Number(at.get('offset')) || 0 }
  const { value, error, again } = useLoad(() => load(kind, query), [kind, query.search, query.order, query.offset])
  useEdited(kind, undefined, again)
  const show = (next: Partial<Query>) => {
    const all = Object.entries({ ...query, offset: 0, ...next }).filter(([, v]) => v)
    const text = new URLSearchParams(all.map(([k, v]) => [k, String(v)])).toString()
    go(`/${kind}/${text && '?' + text}`, 'replace')
  }
  const make = writes && <a class="button primary" href={`/${kind}/new`}>New {one}</a>
  const none = value?.page.meta.total_count === 0
  return (
    <>
      <Heading text={title}>{value && !(none && !query.search) && make}</Heading>
      {(!none || query.search) && <Search key={kind} title={title} text={query.search} onText={(search) => show({ search })} />}
      {!value ? <Waiting error={error} again={again} />
        : none ? (
          <div class="empty">
            <p>{query.search ? `None of them has “${query.search}” in it.` : empty}</p>
            {query.search ? <button type="button" onClick={() => show({ search: '' })}>Show all</button> : make}
          </div>
        ) : <Table kind={kind} {...value} query={query} show={show} />}
      <p class="unseen" role="status">{value && query.search && `${value.page.meta.total_count} found`}</p>
    </>
  )
}

interface Loaded {
  schema: Schema
  page: api.Page
  titles: Map<string, string> // of objects that are referred to, by URI
}

async function load(kind: string, query: Query): Promise<Loaded> {
  const schema = await schemaOf(kind)
  const asked: Record<string, string | number> = { limit: pageSize, offset: query.offset, order_by: query.order || titleField(schema) }
  if (query.search) asked.search = query.search
  const page = await api.list(kind, asked)
  const titles = new Map<string, string>()
  for (const name of columnsOf(kind, schema)) {
    const field = schema.fields[name]
    if (field.type !== 'related' || field.related_name || page.objects.length === 0) continue
    const other = relatedKind(field)
    const title = titleField(await schemaOf(other))
    const ids = new Set(page.objects.flatMap((o) => o[name] ?? []).map((uri) => String(uri).split('/').at(-2)))
    if (ids.size === 0) continue
    const found = await api.list(other, { limit: 5000, id__in: [...ids].join() })
    for (const o of found.objects) titles.set(o.resource_uri, String(o[title]))
  }
  return { schema, page, titles }
}

/** Returns the fields that a list shows. */
function columnsOf(kind: string, schema: Schema): string[] {
  const { columns } = kindOf(kind)
  return columns.length > 0 ? columns.filter((c) => c in schema.fields) : fieldsOf(schema).open.map(([name]) => name).slice(0, 4)
}

function Search({ title, text, onText }: { title: string; text: string; onText: (text: string) => void }) {
  const [typed, setTyped] = useState(text)
  useEffect(() => {
    if (typed.trim() === text) return
    const timer = setTimeout(() => onText(typed.trim()), 250)
    return () => clearTimeout(timer)
  }, [typed])
  useEffect(() => {
    if (typed.trim() !== text) setTyped(text)
  }, [text])
  return (
    <form role="search" class="search" onSubmit={(e) => e.preventDefault()}>
      <input type="search" aria-label={`Search ${title.toLowerCase()}`} placeholder="Search" value={typed} onInput={(e) => setTyped(e.currentTarget.value)} />
    </form>
  )
}

function Table({ kind, schema, page, titles, query, show }: Loaded & { kind: string; query: Query; show: (next: Partial<Query>) => void }) {
  const columns = columnsOf(kind, schema)
  const first = titleField(schema)
  const order = query.order || first
  return (
    <>
      <table>
        <thead>
          <tr>
            {columns.map((c) => {
              if (schema.fields[c].type === 'related') return <th key={c} scope="col">{label(c)}</th>
              const sorted = order === c ? 'ascending' : order === `-${c}` ? 'descending' : undefined
              return (
                <th key={c} scope="col" aria-sort={sorted}>
                  <button type="button" onClick={() => show({ order: sorted === 'ascending' ? `-${c}` : c })}>{label(c)}</button>
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {page.objects.map((o) => (
            <tr key={o.id}>
              {columns.map((c) => (c === first
                ? <th key={c} scope="row"><a href={`/${kind}/${o.id}`}>{String(o[c])}</a></th>
                : <td key={c} data-label={label(c)}>{cell(schema.fields[c], o[c], titles)}</td>))}
            </tr>
          ))}
        </tbody>
      </table>
      <Paging {...page.meta} shown={page.objects.length} onOffset={(offset) => show({ offset })} />
    </>
  )
}

function cell(field: Field, value: unknown, titles: Map<string, string>): ComponentChildren {
  if (value === null || value === '') return ''
  if (Array.isArray(value)) {
    return value.map((v) => (typeof v === 'string' ? titles.get(v) ?? v : String(v.alias ?? v.name))).join(', ')
  }
  switch (field.type) {
    case 'boolean':
      return <span class={`state ${value ? 'on' : 'off'}`}>{value ? 'Yes' : 'No'}</span>
    case 'related':
      return <a href={`/${String(value).split('/').slice(-3, -1).join('/')}`}>{titles.get(String(value)) ?? String(value)}</a>
    case 'datetime':
      return new Date(value + 'Z').toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
  }
  return field.valid_choices ? choice(String(value)) : String(value)
}
