// What somebody sees who has not signed in: signing in, and the first start.

import type { ComponentChildren, TargetedInputEvent } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import * as api from './api'
import { Logo } from './logo'
import { Alert, Heading } from './parts'
import { go } from './router'
import { sentence } from './schema'

/** Runs what a form is for; an error stands above it, or at its field. */
function useSubmit(act: () => Promise<void>) {
  const [refusal, setRefusal] = useState<api.Refusal>()
  const [busy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const onSubmit = async (e: Event) => {
    e.preventDefault()
    setBusy(true)
    setRefusal(undefined)
    await act().catch((problem: api.Refusal) => {
      setRefusal(problem)
      setBusy(false)
      const first = Object.keys(problem.fields)[0] ?? 'password'
      form.current?.querySelector<HTMLInputElement>(`[name=${first}]`)?.select()
    })
  }
  return { refusal, busy, form: { ref: form, onSubmit, noValidate: true } }
}

function Entry({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="entry">
      <Logo />
      <Heading text={title} />
      {children}
    </main>
  )
}

function Text({ name, label, value, onText, autocomplete, secret, errors, help, first }: {
  name: string
  label: string
  value: string
  onText: (text: string) => void
  autocomplete: string
  secret?: boolean
  errors?: string[]
  help?: string
  first?: boolean // takes the focus when the page is new
}) {
  const at = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (first) at.current?.focus()
  }, [])
  const described = [help && `${name}-help`, errors && `${name}-error`].filter(Boolean).join(' ')
  const all = {
    ref: at, id: name, name, value, autocomplete, autocapitalize: 'none', required: true, 'aria-describedby': described || undefined,
    'aria-invalid': errors ? true : undefined, onInput: (e: TargetedInputEvent<HTMLInputElement>) => onText(e.currentTarget.value),
  } as const
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {secret ? <input type="password" {...all} /> : <input type="text" {...all} />}
      {help && <p class="help" id={`${name}-help`}>{help}</p>}
      {errors && <p class="error" id={`${name}-error`} role="alert">{errors.map(sentence).join(' ')}</p>}
    </div>
  )
}

export function SignInPage({ over, onSignIn }: { over: boolean; onSignIn: (who: api.Session) => void }) {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const { refusal, busy, form } = useSubmit(async () => onSignIn(await api.signIn(name, password)))
  return (
    <Entry title="Sign in">
      {over && !refusal && <p role="status">Your session is over. Sign in to go on.</p>}
      <form {...form}>
        <Alert text={refusal?.message} />
        <Text name="name" label="Name" value={name} onText={setName} autocomplete="username" first />
        <Text name="password" label="Password" secret value={password} onText={setPassword} autocomplete="current-password" />
        <div class="buttons"><button class="primary" disabled={busy}>Sign in</button></div>
      </form>
      <p class="help">A new deployment? Its first start logs a link with which the administrator's password is set.</p>
    </Entry>
  )
}

/** Sets the password of the first administrator, for whoever has the token that the first start prints. */
export function SetupPage({ onSignIn }: { onSignIn: (who: api.Session) => void }) {
  const given = location.hash.slice(1)
  const [token, setToken] = useState(given)
  const [name, setName] = useState('admin')
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const { refusal, busy, form } = useSubmit(async () => {
    if (password !== again) throw new api.Refusal(0, '', { again: ['This is not the same password.'] })
    await api.setUp(token.trim(), name, password)
    const who = await api.signIn(name, password)
    go('/', 'replace')
    onSignIn(who)
  })
  const errors = refusal?.fields ?? {}
  return (
    <Entry title="Welcome to Parley">
      <p>Choose the name and the password of the first administrator, who can then make everything else.</p>
      <form {...form}>
        <Alert text={refusal?.message} />
        {refusal?.status === 410 && <p><a href="/">Sign in</a></p>}
        {!given && <Text name="token" label="Setup token" value={token} onText={setToken} autocomplete="off" help="Stands in the log of the first start, behind #." />}
        <Text name="name" label="Name" value={name} onText={setName} autocomplete="username" errors={errors.name} />
        <Text name="password" label="Password" secret value={password} onText={setPassword} autocomplete="new-password" errors={errors.password} help="At least 10 characters." first />
        <Text name="again" label="Password again" secret value={again} onText={setAgain} autocomplete="new-password" errors={errors.again} />
        <div class="buttons"><button class="primary" disabled={busy}>Set password</button></div>
      </form>
    </Entry>
  )
}
