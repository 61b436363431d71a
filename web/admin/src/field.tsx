// A field of a form, made of its schema.

import type { ComponentChildren, TargetedEvent } from 'preact'
import { useId } from 'preact/hooks'
import type { Item } from './api'
import { Owned } from './owned'
import { choice, help, label, relatedKind, sentence, type Field } from './schema'

/** Objects that fields can refer to, by kind. */
export type Related = Record<string, { uri: string; title: string }[]>

export interface FieldProps {
  name: string
  field: Field
  value: unknown
  before?: unknown // as it is kept; undefined = the object is new
  errors?: string[]
  related: Related
  set: (value: unknown) => void
}

/** What ties a control to its label, help and errors. */
interface Names {
  id: string
  'aria-describedby'?: string
  'aria-invalid'?: boolean
  required?: boolean
}

export function FieldRow(props: FieldProps) {
  const { name, field, errors } = props
  const id = useId()
  const { text, empty } = helpShown(field)
  const described = [text && `${id}-help`, errors && `${id}-error`].filter(Boolean).join(' ')
  const names: Names = { id, 'aria-describedby': described || undefined, 'aria-invalid': errors ? true : undefined, required: !field.blank && props.before === undefined }
  const title = <>{label(name)}{names.required && <span class="required"> (required)</span>}</>
  const notes = (
    <>
      {text && <p class="help" id={`${id}-help`}>{text}</p>}
      {errors && <p class="error" id={`${id}-error`}>{errors.map((e) => sentence(e.replace(`: ${field.help_text}`, ''))).join(' ')}</p>}
    </>
  )
  if (field.related_type === 'to_many') {
    return (
      <fieldset class="field" id={id} aria-describedby={described || undefined} tabIndex={-1} data-field={name}>
        <legend>{title}</legend>
        {field.related_name ? <Owned {...props} kind={relatedKind(field)} by={field.related_name} /> : <Several {...props} />}
        {notes}
      </fieldset>
    )
  }
  if (field.type === 'boolean') {
    return (
      <div class="field" data-field={name}>
        <label class="tick"><input type="checkbox" {...names} required={undefined} checked={props.value === true} onChange={(e) => props.set(e.currentTarget.checked)} />{title}</label>
        {notes}
      </div>
    )
  }
  return (
    <div class="field" data-field={name}>
      <label for={id}>{title}</label>
      <Control {...props} names={names} empty={empty} />
      {notes}
    </div>
  )
}

/** Returns the help that stands below a control, and what stands in it while it is empty. */
function helpShown(field: Field): { text: string; empty: string } {
  const { text, empty } = help(field)
  if (field.related_name) return { text: '', empty: '' } // its own fields have theirs
  if (field.type === 'datetime' && empty) return { text: `${text} Empty: ${empty}.`, empty: '' }
  return { text, empty }
}

function Control({ name, field, value, before, related, set, names, empty }: FieldProps & { names: Names; empty: string }) {
  const text = value === null || value === undefined ? '' : String(value)
  const onInput = (e: TargetedEvent<HTMLInputElement>) => set(e.currentTarget.value)
  if (field.type === 'related') {
    return <Select names={names} value={text} set={set} none={field.nullable ? empty || 'none' : undefined} options={related[relatedKind(field)] ?? []} />
  }
  if (field.valid_choices) {
    const options = (field.accepts ?? field.valid_choices).map((c) => ({ uri: c, title: choice(c) }))
    return <Select names={names} value={text} set={set} none={field.nullable ? empty || 'not set' : undefined} options={options} />
  }
  switch (field.type) {
    case 'integer': case 'float':
      return <input {...names} type="number" inputMode="numeric" min={field.range?.[0] ?? undefined} max={field.range?.[1] ?? undefined} value={text} placeholder={empty} onInput={onInput} />
    case 'datetime':
      return <input {...names} type="datetime-local" value={text} onInput={onInput} />
  }
  if (field.secret) {
    const kept = Boolean(before)
    return <Secret names={names} value={text} set={set} kept={kept} removable={kept && field.blank} />
  }
  return <input {...names} type="text" value={text} placeholder={empty} onInput={onInput} autocomplete="off" {...(name === 'description' ? {} : { autocapitalize: 'none', spellcheck: false })} />
}

function Select({ names, value, none, options, set }: {
  names: Names
  value: string
  none?: string // what it means that nothing is chosen; undefined = something must be
  options: { uri: string; title: string }[]
  set: (value: unknown) => void
}) {
  return (
    <select {...names} value={value} onChange={(e) => set(e.currentTarget.value || null)}>
      {none !== undefined ? <option value="">{none[0].toUpperCase() + none.slice(1)}</option> : value === '' && <option value="">Choose …</option>}
      {options.map((o) => <option key={o.uri} value={o.uri}>{o.title}</option>)}
    </select>
  )
}

/** A secret is written and never read: what is kept stays until another is written. */
function Secret({ names, value, kept, removable, set }: { names: Names; value: string; kept: boolean; removable: boolean; set: (value: unknown) => void }) {
  const masked = value === mask
  return (
    <div class="secret">
      <input {...names} type="password" autocomplete="new-password" value={masked ? '' : value} placeholder={masked ? 'unchanged' : ''}
        onInput={(e) => set(e.currentTarget.value || (kept ? mask : ''))} />
      {removable && <label class="tick"><input type="checkbox" checked={value === ''} onChange={(e) => set(e.currentTarget.checked ? '' : mask)} />Remove</label>}
    </div>
  )
}

/** How the API shows a secret that there is. */
export const mask = '********'

/** Any number of other objects. */
function Several({ field, value, related, set }: FieldProps): ComponentChildren {
  const chosen = value as string[]
  const options = related[relatedKind(field)] ?? []
  if (options.length === 0) return <p class="muted">There are none yet.</p>
  return options.map((o) => (
    <label class="tick" key={o.uri}>
      <input type="checkbox" checked={chosen.includes(o.uri)} onChange={(e) => set(e.currentTarget.checked ? [...chosen, o.uri] : chosen.filter((uri) => uri !== o.uri))} />
      {o.title}
    </label>
  ))
}

/** Returns the value of a field as its control has it. */
export function toForm(field: Field, value: unknown): unknown {
  if (field.type !== 'datetime' || typeof value !== 'string') return value
  const at = new Date(value + 'Z') // the API writes UTC without saying so
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** Returns the value of a control as the API wants it. */
export function fromForm(field: Field, value: unknown): unknown {
  if (value === '' && field.nullable) return null
  if (typeof value !== 'string') return value
  switch (field.type) {
    case 'integer': case 'float':
      return value.trim() === '' || Number.isNaN(Number(value)) ? value : Number(value)
    case 'datetime':
      return new Date(value).toISOString()
  }
  return value
}

/** Returns the fields that differ from what there was, as the API wants them. */
export function changes(fields: [string, Field][], before: Record<string, unknown>, now: Record<string, unknown>): Partial<Item> {
  const differing = fields.filter(([name]) => JSON.stringify(before[name]) !== JSON.stringify(now[name]))
  return Object.fromEntries(differing.map(([name, field]) => [name, fromForm(field, now[name])]))
}
