// The admin pages: who has signed in, what the address names, and the frame around it.

import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import * as api from './api'
import { FormPage } from './form'
import { navigation } from './kinds'
import { ListPage } from './list'
import { useLive } from './live'
import { Logo } from './logo'
import { Heading, Notes, note, useLoad, Waiting } from './parts'
import { followLinks, go, useLocation, visits } from './router'
import { kindsThere, schemaOf } from './schema'
import { SetupPage, SignInPage } from './signin'
import { watchPage } from './watch'

function App() {
  const at = useLocation()
  const { value, error, again } = useLoad(api.whoAmI, [])
  const [who, setWho] = useState<api.Session>()
  const [over, setOver] = useState(false)
  useEffect(() => setWho(value), [value])
  useEffect(() => api.onSessionOver(() => {
    setOver(true)
    setWho({ user: '' })
  }), [])
  if (!who) return <main class="entry"><Waiting error={error} again={again} /></main>
  if (at.pathname === '/setup') return <SetupPage onSignIn={setWho} />
  if (who.user === '') return <SignInPage over={over} onSignIn={setWho} />
  const leave = async () => {
    await api.signOut().catch((e: Error) => note(e.message))
    setOver(false)
    setWho({ user: '' })
    go('/', 'replace')
  }
  return <Frame who={who} path={at.pathname} onLeave={leave} />
}

function Frame({ who, path, onLeave }: { who: api.Session; path: string; onLeave: () => void }) {
  const { value: kinds, error, again } = useLoad(kindsThere, [])
  const [open, setOpen] = useState(false)
  const alarms = useLive('resources=alarm').of('alarm').length
  useEffect(() => setOpen(false), [path])
  return (
    <div class="frame">
      <a class="skip" href="#main">Skip to the page</a>
      <header>
        <a class="brand" href="/"><Logo />Parley</a>
        <button type="button" class="menu" aria-expanded={open} aria-controls="navigation" onClick={() => setOpen(!open)}>Menu</button>
        <nav id="navigation" aria-label="Main" class={open ? 'open' : ''}>
          {navigation(kinds ?? []).map((section) => (
            <section key={section.title}>
              <h2>{section.title}</h2>
              <ul>
                {section.pages.map((p) => (
                  <li key={p.path}>
                    <a href={p.path} aria-current={shows(path, p.path) ? 'page' : undefined}>
                      {p.title}
                      {p.path === '/alarms/' && alarms > 0 && <> <span class="state danger">{alarms}<span class="unseen"> now</span></span></>}
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          ))}
          <div class="who">
            <p>{who.user}{who.role === 'read-only' && <span class="muted"> (may read only)</span>}</p>
            <button type="button" onClick={onLeave}>Sign out</button>
          </div>
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        {kinds ? <Content key={visits} path={path} kinds={kinds} writes={who.role === 'administrator'} /> : <Waiting error={error} again={again} />}
      </main>
      <Notes />
    </div>
  )
}

/** The page of a kind is /<kind>/, that of an object /<kind>/<id>; for the others see watch.tsx. */
const shows = (path: string, page: string) => (path === '/' ? home : path).startsWith(page)

const home = '/live/'

function Content({ path, kinds, writes }: { path: string; kinds: string[]; writes: boolean }) {
  const [, kind, id] = /^\/([a-z_]+)\/(\d+|new|)$/.exec(path === '/' ? home : path) ?? []
  const watched = watchPage(path === '/' ? home : path, writes)
  const { value: schema, error, again } = useLoad(async () => (kinds.includes(kind) ? schemaOf(kind) : undefined), [kind])
  if (watched) return watched
  if (!kinds.includes(kind)) {
    return (
      <>
        <Heading text="There is no such page" />
        <p><a href={home}>Go to the live view</a></p>
      </>
    )
  }
  if (!schema) return <Waiting error={error} again={again} />
  if (!schema.allowed_list_http_methods.includes('post')) return <FormPage key={kind} kind={kind} id={1} writes={writes} />
  if (id === '') return <ListPage key={kind} kind={kind} writes={writes} />
  return <FormPage key={path} kind={kind} id={id === 'new' ? undefined : Number(id)} writes={writes} />
}

followLinks()
render(<App />, document.getElementById('app')!)
