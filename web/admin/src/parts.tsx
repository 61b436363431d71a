// Small parts that several pages are made of.

import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Refusal } from './api'
import { kindOf } from './kinds'
import type { Live } from './live'
import { useLocation, visits } from './router'
import { duration, moment, qualityName, when, type Quality } from './status'

/** Loads what a page shows; loads anew when one of the values that it depends on changes. */
export function useLoad<T>(load: () => Promise<T>, on: unknown[]): { value?: T; error?: string; again: () => void } {
  const [state, setState] = useState<{ value?: T; error?: string }>({})
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    let wanted = true
    load().then(
      (value) => wanted && setState({ value }),
      (e: Error) => wanted && setState({ error: e.message }),
    )
    return () => {
      wanted = false
    }
  }, [...on, turn])
  return { ...state, again: () => setTurn((t) => t + 1) }
}

/** The heading of a page: takes the focus when the page is new, so that it is read out and Tab goes on from here. */
export function Heading({ text, children }: { text: string; children?: ComponentChildren }) {
  const at = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${text} · Parley`
    at.current?.focus({ preventScroll: true })
    scrollTo(0, 0)
  }, [text])
  return (
    <div class="heading">
      <h1 ref={at} tabIndex={-1}>{text}</h1>
      {children}
    </div>
  )
}

/** An error, read out as soon as it is there. The objects that it names can be gone to. */
export function Alert({ text }: { text?: string }) {
  return (
    <div role="alert">
      {text && (
        <p class="alert">
          {text.split(/\b([a-z_]+\/\d+)\b/).map((part, i) => (i % 2 ? <a href={`/${part}`}>{part.replace(/^(.*)\/(\d+)$/, (_, kind, id) => `${kindOf(kind).one} ${id}`)}</a> : part))}
        </p>
      )}
    </div>
  )
}

/** What is shown until there is something, or when it cannot be had. */
export function Waiting({ error, again }: { error?: string; again: () => void }) {
  if (!error) return <p class="muted" role="status">Loading …</p>
  return (
    <>
      <Alert text={error} />
      <button type="button" onClick={again}>Try again</button>
    </>
  )
}

let showNote = (_: string) => {}

/** Tells shortly that something is done. */
export const note = (text: string) => showNote(text)

/** Where notes appear. */
export function Notes() {
  const [text, setText] = useState('')
  useLocation()
  useEffect(() => {
    showNote = setText
  }, [])
  useEffect(() => setText(''), [visits]) // somebody has gone on
  useEffect(() => {
    const timer = text && setTimeout(() => setText(''), 6000)
    return () => clearTimeout(timer || undefined)
  }, [text])
  return <div class="notes" role="status">{text && <p>{text}</p>}</div>
}

/** A text that is to be taken elsewhere, with a button that copies it. */
export function Copy({ name, text }: { name: string; text: string }) {
  const [copied, setCopied] = useState(false)
  const at = useRef<HTMLElement>(null)
  const id = useId()
  const copy = async () => {
    getSelection()?.selectAllChildren(at.current!)
    await navigator.clipboard.writeText(text).then(() => setCopied(true), () => note('The browser does not let pages copy: press Ctrl+C.'))
  }
  return (
    <div class="copy">
      <p id={id}>{name}</p>
      <div>
        <code ref={at} tabIndex={0} aria-labelledby={id}>{text}</code>
        <button type="button" onClick={copy}>{copied ? 'Copied' : 'Copy'}</button>
      </div>
      <span class="unseen" role="status">{copied && `${name} copied`}</span>
    </div>
  )
}

/** A question before something cannot be taken back. */
export function Confirm({ title, text, action, plain, children, onDo, onClose }: {
  title: string
  text: string
  action: string
  plain?: boolean // it does no harm
  children?: ComponentChildren
  onDo: () => Promise<unknown>
  onClose: () => void
}) {
  const at = useRef<HTMLDialogElement>(null)
  const [error, setError] = useState('')
  const id = useId()
  useEffect(() => at.current?.showModal(), [])
  const act = () => onDo().catch((e: Refusal) => setError(Object.values(e.fields).flat().join(' ') || e.message))
  return (
    <dialog ref={at} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      <p>{text}</p>
      {children}
      <Alert text={error} />
      <div class="buttons">
        <button type="button" autofocus onClick={() => at.current?.close()}>Cancel</button>
        <button type="button" class={plain ? 'primary' : 'danger'} onClick={act}>{action}</button>
      </div>
    </dialog>
  )
}

/** Says that what is shown is old, while it is. */
export function Lost({ live }: { live: Live }) {
  return (
    <div role="status">
      {live.lost && <p class="notice">The Management Node does not answer: what is shown may be old. The page goes on by itself when it is back.</p>}
    </div>
  )
}

/** A word about the state of something. */
export const Badge = ({ text, as = 'off' }: { text: string; as?: 'on' | 'off' | 'danger' | 'warning' }) => <span class={`state ${as}`}>{text}</span>

/** A share of something, as a bar with its number. */
export function Bar({ name, percent }: { name: string; percent: number }) {
  const level = percent >= 90 ? 'danger' : percent >= 70 ? 'warning' : 'on'
  return (
    <div class="bar">
      <div role="meter" aria-label={name} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100} aria-valuetext={`${percent} %`}>
        <div class={level} style={{ width: `${percent}%` }} />
      </div>
      <span aria-hidden="true">{percent} %</span>
    </div>
  )
}

/** Has what is shown follow the clock. */
function useClock() {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5000)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** A moment that the API tells, with the exact one on pointing at it. */
export const When = ({ at }: { at: string }) => <time dateTime={at + 'Z'} title={moment(at).toLocaleString()}>{when(moment(at))}</time>

/** How long ago a moment was. */
export function Since({ at }: { at: string }) {
  const now = useClock()
  return <time dateTime={at + 'Z'} title={`since ${moment(at).toLocaleString()}`}>{duration((now - moment(at).getTime()) / 1000)}</time>
}

const qualities: Record<Quality, [string, 'on' | 'off' | 'danger' | 'warning']> = {
  unknown: ['Not known', 'off'], good: ['Good', 'on'], ok: ['OK', 'on'], bad: ['Bad', 'warning'], terrible: ['Terrible', 'danger'],
}

/** The quality of a call, as the status or the history has it. */
export function QualityBadge({ of }: { of: string }) {
  const [text, as] = qualities[qualityName(of)] ?? qualities.unknown
  return <Badge text={text} as={as} />
}

export const pageSize = 50

/** Buttons to go through a long list. */
export function Paging({ offset, total_count: total, shown, onOffset }: { offset: number; total_count: number; shown: number; onOffset: (offset: number) => void }) {
  if (total <= pageSize) return null
  return (
    <nav class="paging" aria-label="Pages of the list">
      <button type="button" disabled={offset === 0} onClick={() => onOffset(Math.max(offset - pageSize, 0))}>Previous</button>
      <span role="status">{offset + 1} to {offset + shown} of {total}</span>
      <button type="button" disabled={offset + pageSize >= total} onClick={() => onOffset(offset + pageSize)}>Next</button>
    </nav>
  )
}
