// What was: bench/e2e/history_test.go says what the history and the alarms of this deployment are.

import { expect, test, type BrowserContext, type Page } from '@playwright/test'
import { look } from './look'

test.describe.configure({ mode: 'serial' })

let context: BrowserContext
let page: Page
const faults: string[] = []

const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name })
const field = (name: string | RegExp) => page.getByLabel(name)
const press = (name: string | RegExp) => page.getByRole('button', { name }).click()
const row = (name: string | RegExp) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) })
const chart = () => page.getByRole('img', { name: /at the same time/i })

async function open(link: string) {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: new RegExp(`^${link}( |$)`) }).click()
  await expect(heading(link)).toBeFocused()
}

test.beforeAll(async ({ browser }) => {
  context = await browser.newContext()
  page = await context.newPage()
  page.on('pageerror', (e) => faults.push(String(e)))
  page.on('console', (m) => {
    if (m.type() === 'error' && !m.text().startsWith('Failed to load resource')) faults.push(m.text())
  })
  await page.goto(process.env.PARLEY_SETUP!)
  await field('Password').first().fill('correct horse')
  await field('Password again').fill('correct horse')
  await press('Set password')
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible()
})

test.afterAll(() => context.close())

test.afterEach(() => expect(faults).toEqual([]))

test('the conferences of a day, and how busy it was', async () => {
  await open('History')
  await expect(page.getByRole('rowheader')).toHaveText(['Board'])
  await expect(row('Board')).toContainText('40 min')
  await expect(row('Board').getByRole('time').first()).toHaveAttribute('title', /\d\d:\d\d:\d\d/)
  // Four of them were there together from the tenth minute on, for 4 seconds: no moment at which one looks by chance.
  await expect(chart()).toHaveAccessibleName(/At most 4 at the same time/)
  await look(page, 'history')
})

test('more than a page of them', async () => {
  await press('A week')
  await expect(page.getByText('1 to 50 of 61')).toBeVisible()
  await look(page, 'history-week')
  await press('Next')
  await expect(page.getByRole('rowheader')).toHaveCount(11)
  await expect(page.getByText('51 to 61 of 61')).toBeVisible()
  await field('Search conferences').fill('ROOM 1')
  await expect(page.getByRole('rowheader')).toHaveCount(10)
  await field('Search conferences').fill('nowhere')
  await expect(page.getByText(/has “nowhere” in/)).toBeVisible()
  await look(page, 'history-none-found')
  await field('Search conferences').fill('')
  await expect(page.getByText('1 to 50 of 61')).toBeVisible()
})

test('an export has what is shown', async () => {
  await field('Search conferences').fill('Board')
  await expect(page.getByRole('rowheader')).toHaveText(['Board'])
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export as CSV' }).click()])
  const text = await new Response(await file.createReadStream() as any).text()
  expect(text.trim().split('\n')).toHaveLength(2)
  expect(text).toContain(',Board,')
  await field('Search conferences').fill('')
  await expect(page.getByText('1 to 50 of 61')).toBeVisible()
})

test('a time of its own', async () => {
  const to = await field('to').inputValue()
  await field('From').fill(to)
  await field('From').blur()
  await expect(page.getByRole('alert').filter({ hasText: 'The end must be after the beginning.' })).toBeVisible()
  await look(page, 'history-wrong-time')
  await press('A day')
  await expect(page.getByRole('rowheader')).toHaveText(['Board'])
})

test('a search, and at once another time', async () => {
  await field('Search conferences').fill('Room 0')
  await press('A week')
  await expect(page.getByRole('rowheader')).toHaveCount(10)
  await field('Search conferences').fill('')
  await press('A day')
  await expect(page.getByRole('rowheader')).toHaveText(['Board'])
  await expect(page.getByRole('button', { name: 'A day' })).toHaveAttribute('aria-pressed', 'true')
})

test('participants', async () => {
  await press('Participants')
  await expect(page.getByRole('rowheader')).toHaveCount(6)
  await expect(row('Dorothy')).toContainText('Terrible')
  await look(page, 'history-participants')
  await field('Search participants').fill('ada')
  await expect(page.getByRole('rowheader')).toHaveText([/Ada Lovelace/])
  await page.reload() // what is shown stands in the address
  await expect(page.getByRole('rowheader')).toHaveText([/Ada Lovelace/])
  await expect(field('Search participants')).toHaveValue('ada')
})

test('a conference from its beginning to its end', async () => {
  await open('History')
  await row('Board').getByRole('link', { name: 'Board' }).click()
  await expect(heading('Board')).toBeFocused()
  await expect(page.getByText('5 participants')).toBeVisible()
  const people = page.getByRole('region', { name: 'Who was in it' })
  await expect(people.getByRole('rowheader')).toHaveText([/Ada/, /Blaise/, /Chandra/, /Émilie/, /Dorothy/])
  // The bars stand where the participants came and left: Dorothy for the last three minutes of forty.
  const [all, last] = await Promise.all([bar('Ada'), bar('Dorothy')])
  expect(last.x + last.width).toBeCloseTo(all.x + all.width, 0)
  expect(last.width / all.width).toBeCloseTo(3 / 40, 2)
  await expect(row(/Dorothy/).locator('.time')).toHaveText(/\d\d:\d\d.*\d\d:\d\d/) // for those who cannot see it
  const name = page.getByRole('button', { name: /Chandra/ })
  await name.focus()
  await page.keyboard.press('Enter')
  await expect(name).toHaveAttribute('aria-expanded', 'true')
  await expect(page.getByText('10 good, 10 OK, 40 bad, 3 terrible')).toBeVisible()
  const media = page.getByRole('table', { name: /^Media of Chandra/ })
  await expect(media.getByRole('row').filter({ hasText: 'Audio from the caller' })).toContainText('10.0 %')
  await expect(media.getByRole('row').filter({ hasText: 'Video from the caller' })).toContainText('1280x720, 30/s')
  await expect(name).toBeFocused()
  await look(page, 'history-conference')
})

const bar = async (name: string) => (await row(new RegExp(name)).locator('.stay').boundingBox())!

test('a conference that goes on', async () => {
  await open('History')
  await press('Participants')
  await row('Fermat').getByRole('link', { name: 'Standing' }).click()
  await expect(heading('Standing')).toBeVisible()
  await expect(page.getByText('these have left so far')).toBeVisible()
  await look(page, 'history-goes-on')
  await page.getByRole('link', { name: 'See it live' }).click()
  await expect(page.getByText('This conference is over.')).toBeVisible()
  await page.goto('/history/00000000-0000-4000-8000-000000000999')
  await expect(heading('Conference')).toBeVisible()
  await look(page, 'history-nothing')
})

test('alarms', async () => {
  // A Management Node that keeps none of those that are over, then one that has kept two.
  const kept: object[] = []
  await page.route('**/api/admin/history/v1/alarm/*', (route) => kept.length === 0
    ? route.fulfill({ status: 404, json: { error: 'there is no such resource' } })
    : route.fulfill({ json: { meta: { limit: 50, offset: 0, total_count: kept.length }, objects: kept } }))
  await open('Alarms')
  const now = page.getByRole('list', { name: 'Alarms' })
  await expect(now.getByRole('listitem')).toHaveCount(1)
  await expect(now).toContainText('Backup failed')
  await expect(now).toContainText('It is tried again every hour.')
  await expect(page.getByRole('link', { name: 'Alarms 1 now' })).toBeVisible()
  await expect(page.getByText('Loading …')).toHaveCount(0)
  await expect(page.getByRole('heading', { name: 'Earlier' })).toHaveCount(0)
  await expect(page.getByRole('alert').filter({ hasText: /\w/ })).toHaveCount(0)

  kept.push(
    {
      id: 7, identifier: 1, name: 'connectivity_lost', level: 'error', instance: 'oslo-1', node: 'oslo-1', time_raised: '2026-03-04T23:30:00.000000', time_lowered: '2026-03-05T01:15:30.000000',
      details: 'Nothing has been heard of node oslo-1 for 5s. Calls on it go on. Look at the node, and at the network between it and port 8444 of the Management Node.',
    },
    {
      id: 6, identifier: 2, name: 'capacity_exhausted', level: 'warning', instance: 'oslo-1', node: 'oslo-1', time_raised: '2026-03-04T09:00:00.000000', time_lowered: '2026-03-04T09:00:40.000000',
      details: 'Node oslo-1 has no room for another caller. Add a node to its location.',
    },
  )
  await open('Alarms')
  await expect(row(/Connectivity lost/)).toContainText('5 Mar 2026, 00:30') // in Berlin
  await expect(row(/Connectivity lost/)).toContainText('1 h 45 min')
  await expect(row(/Capacity exhausted/)).toContainText('40 s')
  await look(page, 'alarms')
})
