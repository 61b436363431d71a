// A conference as an administrator watches it: bench/e2e/live_test.go has a deployment and two phones.

import { expect, test, type BrowserContext, type Page } from '@playwright/test'
import { look } from './look'

test.describe.configure({ mode: 'serial' })

let context: BrowserContext
let page: Page
const faults: string[] = []

const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name })
const field = (name: string | RegExp) => page.getByLabel(name)
const press = (name: string | RegExp) => page.getByRole('button', { name }).click()
const note = () => page.locator('.notes')
const row = (name: string | RegExp) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) })
const badge = (name: string) => page.locator('.facts').getByText(name, { exact: true })

async function open(link: string) {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: new RegExp(`^${link}( |$)`) }).click()
  await expect(heading(link)).toBeFocused()
}

/** Has a phone dial an alias and waits until it is through; without one, waits until its call has ended. */
async function phone(name: string, dial = '') {
  const answer = await fetch(`${process.env.PARLEY_PHONES}/?${new URLSearchParams({ phone: name, dial })}`)
  expect(await answer.text()).toBe('')
}

test.beforeAll(async ({ browser }) => {
  context = await browser.newContext()
  page = await context.newPage()
  page.on('pageerror', (e) => faults.push(String(e)))
  page.on('console', (m) => {
    if (m.type() === 'error' && !m.text().startsWith('Failed to load resource')) faults.push(m.text())
  })
  await page.goto('/')
  await field('Name').fill('admin')
  await field('Password').fill('correct-horse')
  await press('Sign in')
  await expect(heading('Live')).toBeFocused()
})

test.afterAll(() => context.close())

test.afterEach(() => expect(faults).toEqual([]))

test('nobody is there, and how to change that', async () => {
  await expect(page.getByText('Dial sip:board@')).toBeVisible()
  await expect(page.getByRole('region', { name: 'Location Oslo' })).toContainText('Connected')
  await expect(page.getByRole('meter', { name: 'Load of oslo-1' })).toHaveAttribute('aria-valuenow', /^\d+$/)
  await look(page, 'live-nobody')
})

test('a call appears by itself', async () => {
  await open('Rooms')
  await page.getByRole('link', { name: 'New room' }).click()
  await field(/^Name/).fill('Cinema')
  await press('Add alias')
  await page.getByRole('textbox', { name: 'Alias 1', exact: true }).fill('cinema')
  await press('Create room')
  await expect(note()).toContainText('Cinema is saved')
  await open('Live')
  await phone('Ada', 'cinema')
  await expect(row('Cinema').getByRole('cell').first()).toHaveText('1')
  await phone('Blaise', 'cinema')
  await expect(row('Cinema').getByRole('cell').first()).toHaveText('2')
  await field('Search conferences and participants').fill('blaise')
  await expect(row('Cinema')).toContainText('Blaise')
  await look(page, 'live')
  await field('Search conferences and participants').fill('nowhere')
  await expect(row('Cinema')).toHaveCount(0)
  await field('Search conferences and participants').fill('')
  await row('Cinema').getByRole('link', { name: 'Cinema' }).click()
  await expect(heading('Cinema')).toBeFocused()
})

test('its picture, its graph and its media', async () => {
  const picture = page.getByRole('img', { name: /^What most in Cinema see/ })
  await expect(picture).toBeVisible()
  await expect.poll(() => picture.evaluate((i: HTMLImageElement) => i.naturalWidth)).toBeGreaterThan(0)
  await expect(page.getByRole('img', { name: /Node oslo-1 in Oslo; Ada: .*; Blaise: / })).toBeVisible()
  await press('Ada')
  await expect(page.getByRole('button', { name: 'Ada', exact: true })).toHaveAttribute('aria-expanded', 'true')
  const video = page.getByRole('table', { name: 'Media of Ada' }).getByRole('row').filter({ hasText: 'Video from the caller' })
  await expect(video).toContainText('H264')
  await expect(video).toContainText('640x360')
  await look(page, 'conference')
})

test('what one does is seen, and focus stays', async () => {
  const ada = page.getByRole('group', { name: 'Ada' })
  await ada.getByRole('button', { name: 'Mute' }).focus()
  await page.keyboard.press('Enter')
  await expect(row('Ada')).toContainText('Muted')
  await expect(ada.getByRole('button', { name: 'Unmute' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(row('Ada').getByText('Muted')).toHaveCount(0)
  await ada.getByRole('button', { name: 'Make guest' }).click()
  await expect(row('Ada')).toContainText('Guest')
  await press('Mute guests')
  await expect(badge('Guests muted')).toBeVisible()
  await press('Lock')
  await expect(badge('Locked')).toBeVisible()
  await field('Layout').selectOption({ label: 'Four by four speaker' })
  await expect(note()).toContainText('The layout is changed.')
  await look(page, 'conference-locked')
  await press('Unlock')
  await expect(badge('Locked')).toHaveCount(0)
})

/** Changes the configuration as somebody else would, and returns the status of the answer. */
const elsewhere = (method: string, path: string, fields: object) => page.evaluate(async ({ method, path, fields }) => {
  const { csrf } = await (await fetch('/api/session/')).json()
  const headers = { 'X-Parley-CSRF': csrf, 'Content-Type': 'application/json' }
  return (await fetch('/api/admin/configuration/v1/' + path, { method, headers, body: JSON.stringify(fields) })).status
}, { method, path, fields })

test('who may read only sees it all', async () => {
  expect(await elsewhere('POST', 'admin_user/', { name: 'reader', password: 'only reading', role: 'read-only' })).toBe(201)
  const other = await context.browser()!.newContext()
  const reader = await other.newPage()
  await reader.goto(page.url())
  await reader.getByLabel('Name').fill('reader')
  await reader.getByLabel('Password').fill('only reading')
  await reader.getByRole('button', { name: 'Sign in' }).click()
  await expect(reader.getByRole('rowheader', { name: 'Ada' })).toBeVisible()
  await expect(reader.getByRole('group', { name: 'Ada' })).toHaveCount(0)
  await expect(reader.getByRole('button', { name: /Lock|Mute|Disconnect|Move/ })).toHaveCount(0)
  await look(reader, 'conference-read-only')
  await other.close()
})

test('one is moved, one is disconnected', async () => {
  await page.getByRole('group', { name: 'Blaise' }).getByRole('button', { name: /^Move/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Move Blaise to another room' })
  await expect(dialog.getByLabel('Room')).toHaveText('Board (board)')
  await look(page, 'conference-move')
  await dialog.getByRole('button', { name: 'Move' }).click()
  await expect(row('Blaise')).toHaveCount(0)
  await page.getByRole('group', { name: 'Ada' }).getByRole('button', { name: 'Disconnect' }).click()
  await look(page, 'conference-disconnect')
  await page.getByRole('dialog', { name: 'Disconnect Ada?' }).getByRole('button', { name: 'Disconnect' }).click()
  await phone('Ada')
  await expect(page.getByText('This conference is over.')).toBeVisible()
})

test('and is found in the history', async () => {
  await page.getByRole('link', { name: 'See it in the history' }).click()
  await expect(async () => { // its node tells a moment later
    const again = page.getByRole('button', { name: 'Look again' })
    if (await again.isVisible()) await again.click()
    await expect(row('Ada')).toBeVisible({ timeout: 500 })
    await expect(page.getByText('on node oslo-1')).toBeVisible({ timeout: 500 })
  }).toPass()
  await expect(heading('Cinema')).toBeVisible()
  await expect(page.locator('.stay')).toHaveCount(2)
  await press('Ada')
  await expect(page.getByRole('table', { name: 'Media of Ada' }).getByRole('row').filter({ hasText: 'Video from the caller' })).toContainText('640x360')
  await look(page, 'conference-past')
})

test('everybody is disconnected', async () => {
  await open('Live')
  await row('Board').getByRole('link', { name: 'Board' }).click()
  await expect(row('Blaise')).toBeVisible()
  await press('Disconnect all')
  await page.getByRole('dialog', { name: 'Disconnect everybody from Board?' }).getByRole('button', { name: 'Disconnect all' }).click()
  await phone('Blaise')
  await expect(page.getByText('This conference is over.')).toBeVisible()
  await open('Live')
  await expect(page.getByText(/Nobody is in a conference/)).toBeVisible()
  await open('History')
  await expect(row('Cinema')).toBeVisible()
})

test('what others change is seen, and nothing that is written is lost', async () => {
  await open('Rooms')
  await expect(row('Board')).toBeVisible()
  expect(await elsewhere('PATCH', 'conference/1/', { description: 'By somebody else' })).toBe(202)
  await expect(row('Board')).toContainText('By somebody else')
  await row('Board').getByRole('link', { name: 'Board' }).click()
  await expect(heading('Board')).toBeFocused()
  expect(await elsewhere('PATCH', 'conference/1/', { description: 'Once more' })).toBe(202)
  await expect(page.getByRole('textbox', { name: 'Description', exact: true })).toHaveValue('Once more')
  await field(/^Name/).fill('Boards')
  expect(await elsewhere('PATCH', 'conference/1/', { description: 'And again' })).toBe(202)
  await expect(page.getByText('Somebody has changed this meanwhile.')).toBeVisible()
  await expect(field(/^Name/)).toHaveValue('Boards')
  await look(page, 'room-changed-elsewhere')
  await press('Show it as it is now')
  await expect(heading('Board')).toBeFocused()
  await expect(field(/^Name/)).toHaveValue('Board')
  await expect(page.getByRole('textbox', { name: 'Description', exact: true })).toHaveValue('And again')
})
