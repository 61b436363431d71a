// Paths of pages: the address bar names what is shown.

import { useEffect, useState } from 'preact/hooks'

let mayLeave = () => true
const listeners = new Set<() => void>()

/** How often somebody went to a page: also to the one that he was on, to see it anew. */
export let visits = 0

/** Goes to a page of ours. */
export function go(path: string, how: 'push' | 'replace' = 'push') {
  if (how === 'push') {
    if (!mayLeave()) return
    visits++
  }
  mayLeave = () => true
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', path)
  for (const tell of listeners) tell()
}

/** Returns where the browser is, also after it has moved. */
export function useLocation(): URL {
  const [at, setAt] = useState(() => new URL(location.href))
  useEffect(() => {
    const look = () => setAt(new URL(location.href))
    listeners.add(look)
    addEventListener('popstate', look)
    return () => {
      listeners.delete(look)
      removeEventListener('popstate', look)
    }
  }, [])
  return at
}

/** Asks before what has been written but not saved is left. */
export function useUnsaved(unsaved: boolean) {
  useEffect(() => {
    if (!unsaved) return
    mayLeave = () => confirm('Leave this page? What you have written is not saved.')
    const warn = (e: BeforeUnloadEvent) => e.preventDefault()
    addEventListener('beforeunload', warn)
    return () => {
      mayLeave = () => true
      removeEventListener('beforeunload', warn)
    }
  }, [unsaved])
}

/** Has plain clicks on links to pages of ours not load anything anew. */
export function followLinks() {
  addEventListener('popstate', () => visits++)
  document.addEventListener('click', (e) => {
    const link = (e.target as Element).closest?.('a')
    if (!link || link.target || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || e.defaultPrevented) return
    if (link.origin !== location.origin || link.pathname.startsWith('/api/') || link.hash) return
    e.preventDefault()
    go(link.pathname + link.search)
  })
}
