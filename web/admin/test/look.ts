// Looks at a page in light and dark, wide and narrow.

import { expect, type Page } from '@playwright/test'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const folder = process.env.PARLEY_SCREENSHOTS
const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } }

/** Checks that nothing of a page is out of reach of the blind, the colour-blind and those with a phone, and keeps pictures of it. */
export async function look(page: Page, name: string) {
  await page.evaluate(axe)
  const asking = await page.locator('dialog[open]').isVisible()
  for (const [size, viewport] of Object.entries(sizes)) {
    await page.setViewportSize(viewport)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const problems = await page.evaluate(async () => {
        // @ts-expect-error: axe is there
        const { violations } = await axe.run()
        return violations.flatMap((v: any) => v.nodes.map((n: any) => `${v.help}: ${n.html} ${n.failureSummary}`))
      })
      expect.soft(problems, `${name}, ${size}, ${colorScheme}`).toEqual([])
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect.soft(over, `${name}, ${size}: pixels beyond the right edge`).toBeLessThanOrEqual(0)
      if (folder) await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png`, fullPage: !asking })
    }
  }
  await page.setViewportSize(sizes.wide)
}
