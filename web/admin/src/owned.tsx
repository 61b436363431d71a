// The objects that belong to another one, such as the aliases of a room, edited with it.

import { useEffect, useRef } from 'preact/hooks'
import type { FieldProps } from './field'
import { kindOf } from './kinds'
import { useLoad } from './parts'
import { fieldsOf, help, label, schemaOf } from './schema'

type Row = Record<string, unknown>

/** Rows of texts, one for each object; by is the field that says where it belongs. */
export function Owned({ value, set, kind, by, errors }: FieldProps & { kind: string; by: string }) {
  const { value: schema } = useLoad(() => schemaOf(kind), [kind])
  const rows = value as Row[]
  const at = useRef<HTMLDivElement>(null)
  const added = useRef(false)
  useEffect(() => {
    if (!added.current) return
    added.current = false
    at.current?.querySelector<HTMLInputElement>('.row:last-of-type input')?.focus()
  }, [rows.length])
  if (!schema) return null
  const one = kindOf(kind).one
  const fields = fieldsOf(schema, by).open
  // The API names a wrong object by what it has in it.
  const named = (row: Row) => errors?.some((e) => fields.some(([name]) => row[name] !== '' && e.includes(JSON.stringify(row[name]))))
  const wrong = (row: Row) => errors && (named(row) || !rows.some(named))
  const add = () => {
    added.current = true
    set([...rows, Object.fromEntries(fields.map(([name, f]) => [name, f.blank ? f.default : '']))])
  }
  const drop = (i: number) => {
    set(rows.toSpliced(i, 1))
    at.current?.querySelector<HTMLButtonElement>('.add')?.focus()
  }
  return (
    <div class="owned" ref={at}>
      {rows.map((row, i) => (
        <div class="row" key={i}>
          {fields.map(([name, f]) => (
            <label key={name}>
              <span>{label(name)}<span class="unseen"> {i + 1}</span></span>
              <input type="text" value={String(row[name] ?? '')} autocomplete="off" autocapitalize="none" aria-invalid={wrong(row) && !f.blank ? true : undefined}
                onInput={(e) => set(rows.with(i, { ...row, [name]: e.currentTarget.value }))} />
            </label>
          ))}
          <button type="button" onClick={() => drop(i)} aria-label={`Remove ${one} ${i + 1}`}>Remove</button>
        </div>
      ))}
      <button type="button" class="add" onClick={add}>Add {one}</button>
      {fields.slice(0, 1).map(([name, f]) => <p class="help" key={name}>{help(f).text}</p>)}
    </div>
  )
}
