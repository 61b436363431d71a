// Requests to the Management Node, and what it answers.

/** An object of the configuration as the API shows it. */
export type Item = Record<string, unknown> & { id: number; resource_uri: string }

export interface Page {
  meta: { limit: number; offset: number; total_count: number }
  objects: Item[]
}

export interface Session {
  user: string // '' = nobody has signed in
  role?: 'administrator' | 'read-only'
  csrf?: string
}

/** What the API has against a request: as a whole, and by field. */
export class Refusal extends Error {
  constructor(
    readonly status: number, // 0 = there was no answer
    text: string,
    readonly fields: Record<string, string[]> = {},
  ) {
    super(text)
  }
}

export const root = '/api/admin/configuration/v1/'

let csrf = ''
let whenOver = () => {}

/** Has f called when a request finds that the session is over. */
export function onSessionOver(f: () => void) {
  whenOver = f
}

async function send(method: string, path: string, body?: unknown): Promise<unknown> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (csrf !== '') headers['X-Parley-CSRF'] = csrf
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  let answer: Response
  let text: string
  try {
    answer = await fetch(path, { method, headers, body: JSON.stringify(body) })
    text = await answer.text()
  } catch {
    throw new Refusal(0, 'The Management Node does not answer. Is it running, and is this machine online?')
  }
  let content: unknown
  try {
    content = text === '' ? {} : JSON.parse(text)
  } catch {
    throw new Refusal(answer.status, `The answer was no JSON (status ${answer.status}).`)
  }
  if (!answer.ok) throw refusal(answer.status, content)
  return content
}

function refusal(status: number, content: unknown): Refusal {
  const [kind, what] = Object.entries(content as object)[0] ?? ['', `The request was refused with status ${status}.`]
  if (kind === 'error' || typeof what === 'string') return new Refusal(status, String(what))
  return new Refusal(status, 'Not saved: see what the fields say.', what as Record<string, string[]>)
}

/** Sends a request for somebody who has signed in. */
export async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  try {
    return (await send(method, path, body)) as T
  } catch (e) {
    if (e instanceof Refusal && e.status === 401) whenOver()
    throw e
  }
}

async function session(method: string, body?: unknown): Promise<Session> {
  const who = (await send(method, '/api/session/', body)) as Session
  csrf = who.csrf ?? ''
  return who
}

export const whoAmI = () => session('GET')
export const signIn = (name: string, password: string) => session('POST', { name, password })
export const signOut = () => session('DELETE')
export const setUp = (token: string, name: string, password: string) => send('POST', '/api/setup/', { token, name, password })

/** Asks whether the session is over, for requests that do not tell. */
export async function checkSession() {
  const who = await whoAmI().catch(() => undefined)
  if (who?.user === '') whenOver()
}

/** Has the deployment do something, such as participant/mute. */
export const command = (name: string, fields: Record<string, string>) =>
  request<{ data: Record<string, string> }>('POST', `/api/admin/command/v1/${name}/`, fields)

/** Returns the page of a list that a query asks for. */
export const list = (kind: string, query: Record<string, string | number>) =>
  request<Page>('GET', `${root}${kind}/?` + new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)])))

export const read = (kind: string, id: number) => request<Item>('GET', `${root}${kind}/${id}/`)
export const change = (kind: string, id: number, fields: object) => request('PATCH', `${root}${kind}/${id}/`, fields)
export const remove = (kind: string, id: number) => request('DELETE', `${root}${kind}/${id}/`)

/** Makes an object and returns what is told once only, such as a token. */
export const create = (kind: string, fields: object) => request<Record<string, string>>('POST', `${root}${kind}/`, fields)
