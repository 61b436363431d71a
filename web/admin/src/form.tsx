// The page on which an object is made or changed.

import { useEffect, useRef, useState } from 'preact/hooks'
import * as api from './api'
import { changes, FieldRow, toForm, type Related } from './field'
import { kindOf } from './kinds'
import { useEdited } from './live'
import { Alert, Confirm, Copy, Heading, note, useLoad, Waiting } from './parts'
import { go, useUnsaved } from './router'
import { fieldsOf, help, isFixed, label, relatedKind, schemaOf, titleField, whyFixed, type Schema } from './schema'

interface Loaded {
  schema: Schema
  related: Related
  item?: api.Item
}

/** An object of a kind; id undefined = a new one. */
export function FormPage({ kind, id, writes }: { kind: string; id?: number; writes: boolean }) {
  const { value, error, again } = useLoad(() => load(kind, id), [kind, id])
  if (!value) return <Waiting error={error} again={again} />
  return <Form key={`${kind}/${id}`} {...value} kind={kind} writes={writes} again={again} />
}

async function load(kind: string, id?: number): Promise<Loaded> {
  const [schema, item] = await Promise.all([schemaOf(kind), id === undefined ? undefined : api.read(kind, id)])
  const kinds = Object.values(schema.fields).filter((f) => f.type === 'related' && !f.related_name && !isFixed(f)).map(relatedKind)
  const related = await Promise.all([...new Set(kinds)].map(async (k) => [k, await titles(k)]))
  return { schema, item, related: Object.fromEntries(related) }
}

/** Returns the objects of a kind that a field can refer to. */
async function titles(kind: string) {
  const title = titleField(await schemaOf(kind))
  const page = await api.list(kind, { limit: 5000, order_by: title })
  return page.objects.map((o) => ({ uri: o.resource_uri, title: String(o[title]) }))
}

function Form({ kind, schema, related, item, writes, again }: Loaded & { kind: string; writes: boolean; again: () => void }) {
  const { one, title: many, goes, anew: retold } = kindOf(kind)
  const { open, fixed } = fieldsOf(schema)
  const single = !schema.allowed_list_http_methods.includes('post')
  const before = Object.fromEntries(open.map(([name, f]) => [name, toForm(f, item ? item[name] : f.blank ? f.default : f.type === 'related' ? null : '')]))
  const [now, setNow] = useState<Record<string, unknown>>(before)
  const [refusal, setRefusal] = useState<api.Refusal>()
  const [saving, setSaving] = useState(false)
  const [asking, setAsking] = useState(false)
  const [retelling, setRetelling] = useState(false)
  const [told, setTold] = useState<Record<string, string>>()
  const form = useRef<HTMLFormElement>(null)
  const changed = changes(open, before, now)
  const unsaved = Object.keys(changed).length > 0 && !told
  useUnsaved(unsaved)
  const [stale, setStale] = useState(false)
  const shown = useRef(before)
  useEffect(() => { // it was loaded anew: what has been written meanwhile stays
    const old = shown.current
    shown.current = before
    setNow((values) => ({ ...before, ...Object.fromEntries(Object.entries(values).filter(([n, v]) => JSON.stringify(v) !== JSON.stringify(old[n]))) }))
    setStale(false)
  }, [item])
  const drop = () => {
    setNow(before)
    document.querySelector('h1')?.focus() // the button goes away
    again()
  }
  useEdited(kind, item?.id ?? 0, () => (unsaved ? setStale(true) : again()))
  useEffect(() => focusError(form.current, refusal), [refusal])

  const name = String(item?.[titleField(schema)] ?? '')
  const heading = single ? many : item ? name : `New ${one}`
  if (told) return <Told heading={item ? `The ${one} ${name}` : `The ${one} ${String(now[titleField(schema)])} is made`} told={told} back={`/${kind}/`} />

  const set = (n: string, v: unknown) => {
    setNow((values) => ({ ...values, [n]: v }))
    if (!refusal?.fields[n]) return
    delete refusal.fields[n] // it is not what was refused any more
    if (Object.keys(refusal.fields).length === 0) setRefusal(undefined)
  }
  const save = async (e: Event) => {
    e.preventDefault()
    setSaving(true)
    try {
      const answer = item ? await api.change(kind, item.id, changed) : await api.create(kind, changed)
      setRefusal(undefined)
      if (!item && Object.keys(answer as object).length > 0) {
        setTold(answer as Record<string, string>)
        return
      }
      note(single ? 'The settings are saved.' : `The ${one} ${String(now[titleField(schema)])} is saved.`)
      if (single) again()
      else go(`/${kind}/`, 'replace')
    } catch (problem) {
      setRefusal(problem as api.Refusal)
    } finally {
      setSaving(false)
    }
  }
  const remove = async () => {
    await api.remove(kind, item!.id)
    note(`The ${one} ${name} is deleted.`)
    go(`/${kind}/`, 'replace')
  }
  const known = new Set(open.map(([n]) => n))
  const elsewhere = Object.entries(refusal?.fields ?? {}).filter(([n]) => !known.has(n)).flatMap(([n, texts]) => (n === '__all__' ? texts : texts.map((t) => `${label(n)}: ${t}`)))
  return (
    <>
      {!single && <nav aria-label="Way back"><a href={`/${kind}/`}>‹ {many}</a></nav>}
      <Heading text={heading} />
      <div role="status">
        {stale && <p class="notice">Somebody has changed this meanwhile. What you save replaces it where you wrote something. <button type="button" class="link" onClick={drop}>Show it as it is now</button></p>}
      </div>
      <form ref={form} noValidate onSubmit={save}>
        <Alert text={elsewhere.join(' ') || refusal?.message} />
        <fieldset class="plain" disabled={!writes}>
          {open.map(([n, field]) => (
            <FieldRow key={n} name={n} field={field} value={now[n]} before={item?.[n]} errors={refusal?.fields[n]} related={related}
              set={(v) => set(n, v)} />
          ))}
        </fieldset>
        {fixed.length > 0 && <Fixed fields={fixed} />}
        {writes && (
          <div class="buttons">
            <button type="submit" class="primary" disabled={saving || (item && !unsaved)}>{item ? 'Save' : `Create ${one}`}</button>
            {!single && <button type="button" onClick={() => go(`/${kind}/`)}>Cancel</button>}
            {item && retold && <button type="button" onClick={() => setRetelling(true)}>{retold.action}</button>}
            {item && !single && <button type="button" class="danger apart" onClick={() => setAsking(true)}>Delete</button>}
          </div>
        )}
      </form>
      {retelling && item && retold && (
        <Confirm title={`${retold.action} for ${name}?`} text={retold.text} action={retold.action} plain onClose={() => setRetelling(false)}
          onDo={async () => setTold((await api.command(retold.command, { [retold.by]: String(item.id) })).data)} />
      )}
      {asking && <Confirm title={`Delete ${one} ${name}?`} text={goes ?? 'This cannot be taken back.'} action="Delete" onDo={remove} onClose={() => setAsking(false)} />}
    </>
  )
}

/** Goes to the first field that is wrong, or to what is said above all. */
function focusError(form: HTMLFormElement | null, refusal?: api.Refusal) {
  if (!form || !refusal) return
  const bad = [...form.querySelectorAll<HTMLElement>('[data-field]')].find((row) => refusal.fields[row.dataset.field!])
  if (!bad) {
    form.scrollIntoView()
    return
  }
  const at = bad.querySelector<HTMLElement>('[aria-invalid]') ?? bad.querySelector<HTMLElement>('input, select') ?? bad
  at.focus()
}

/** Fields that can be nothing but their default yet: what they will be for, and why not now. */
function Fixed({ fields }: { fields: [string, Schema['fields'][string]][] }) {
  return (
    <details class="fixed">
      <summary>More: {fields.length} {fields.length === 1 ? 'field' : 'fields'} of the API that cannot be changed yet</summary>
      <dl>
        {fields.map(([name, f]) => (
          <div key={name}>
            <dt>{label(name)}</dt>
            <dd>{help(f).text} <span class="muted">{whyFixed(f)}</span></dd>
          </div>
        ))}
      </dl>
    </details>
  )
}

const secrets: Record<string, string> = {
  token: 'Token, for the header “Authorization: Bearer …”',
  join_command: 'Command to run on the new machine',
}

/** What the API tells once, when an object is made. */
function Told({ heading, told, back }: { heading: string; told: Record<string, string>; back: string }) {
  return (
    <>
      <Heading text={heading} />
      <p>Take this now: it is shown once and works for whoever has it.</p>
      {Object.entries(secrets).filter(([key]) => told[key]).map(([key, text]) => <Copy key={key} name={text} text={told[key]} />)}
      <div class="buttons"><a class="button primary" href={back}>Done</a></div>
    </>
  )
}
