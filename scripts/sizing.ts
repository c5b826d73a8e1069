/** `npm run sizing`: writes docs/sizing.md and its pictures from docs/sizing/costs.json; with `--check` it only says whether that is needed. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { coresChart, machinesChart, timesChart } from './sizing/charts.js'
import { Costs } from './sizing/costs.js'
import { FLEET, sizingPage } from './sizing/page.js'

const DOCS = fileURLToPath(new URL('../docs', import.meta.url))

const costs = Costs.parse(JSON.parse(await readFile(join(DOCS, 'sizing/costs.json'), 'utf8')))
const subject = { costs, fleet: FLEET }
const files = {
  'sizing.md': sizingPage(costs),
  'sizing/cores.svg': coresChart(subject),
  'sizing/machines.svg': machinesChart(subject),
  'sizing/times.svg': timesChart(subject),
}

for (const [name, text] of Object.entries(files)) {
  const path = join(DOCS, name)
  if (!process.argv.includes('--check')) {
    await writeFile(path, text)
  } else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    console.error(`docs/${name} is not what docs/sizing/costs.json says; run: npm run sizing`)
    process.exitCode = 1
  }
}
