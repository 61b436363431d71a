// What the Management Node tells of what runs, as it changes (server-sent events).

import { useEffect, useReducer, useRef } from 'preact/hooks'
import * as api from './api'

/** An object of the status as the API shows it. */
export type Shown = Record<string, unknown> & { id: string | number }

/** What is known now of the resources that are watched. */
export interface Live {
  ready: boolean // each of them has come once
  lost: boolean // nothing comes now, and what is shown is old
  of: <T = Shown>(resource: string) => T[]
}

const listeners = new Set<(kind: string, id: number) => void>()

/** Has f called a moment after an object of a kind was made, changed or deleted by anybody; of id alone, if it is given. */
export function useEdited(kind: string, id: number | undefined, f: () => void) {
  const now = useRef(f)
  now.current = f
  useEffect(() => {
    let timer = 0
    const look = (k: string, n: number) => {
      if (k !== kind || (id !== undefined && n !== id)) return
      clearTimeout(timer) // many may come at once
      timer = window.setTimeout(() => now.current(), 300)
    }
    listeners.add(look)
    return () => {
      listeners.delete(look)
      clearTimeout(timer)
    }
  }, [kind, id])
}

// After a refused request, which the browser does not repeat by itself.
const againAfter = 3000

/** Watches the resources of the status that a query of /api/admin/events/ names. */
export function useLive(query: string): Live {
  const [, draw] = useReducer((n: number) => n + 1, 0)
  const state = useRef({ known: new Map<string, Map<string, Shown>>(), lost: false, query })
  if (state.current.query !== query) state.current = { known: new Map(), lost: false, query }
  useEffect(() => {
    const s = state.current
    let source: EventSource
    let timer = 0
    let frame = 0
    const changed = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0
        draw(0)
      })
    }
    const open = () => {
      source = new EventSource('/api/admin/events/?' + query)
      source.addEventListener('snapshot', (e) => {
        const { resource, objects } = JSON.parse(e.data) as { resource: string; objects: Shown[] }
        s.known.set(resource, new Map(objects.map((o) => [String(o.id), o])))
        s.lost = false
        changed()
      })
      source.addEventListener('change', (e) => {
        const { resource, changed: list, gone } = JSON.parse(e.data) as { resource: string; changed?: Shown[]; gone?: string[] }
        const all = s.known.get(resource)
        for (const o of list ?? []) all?.set(String(o.id), o)
        for (const id of gone ?? []) all?.delete(id)
        changed()
      })
      source.addEventListener('configuration', (e) => {
        const { kind, id } = JSON.parse(e.data) as { kind: string; id: number }
        for (const tell of listeners) tell(kind, id)
      })
      source.onerror = () => {
        s.lost = true
        changed()
        if (source.readyState !== EventSource.CLOSED) return // the browser tries again
        api.checkSession()
        timer = window.setTimeout(open, againAfter)
      }
    }
    open()
    return () => {
      source.close()
      clearTimeout(timer)
      cancelAnimationFrame(frame)
    }
  }, [query])
  const s = state.current
  const wanted = new URLSearchParams(query).get('resources')?.split(',') ?? []
  return {
    ready: wanted.every((r) => s.known.has(r)),
    lost: s.lost,
    of: <T,>(resource: string) => [...(s.known.get(resource)?.values() ?? [])] as T[],
  }
}
