import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import packageJson from '../../package.json' with { type: 'json' }
import { linksOfRepository } from './links.js'

const DOCS = fileURLToPath(new URL('..', import.meta.url))
/** In this order; what is not named here comes after. */
const GUIDES = ['ingest', 'sync', 'check', 'feed', 'operate', 'deploy']

/** A page's own heading, without what stands after a colon. */
function titleOf(page: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(`${DOCS}/${page}`, 'utf8'))?.[1] ?? page
  return heading.split(':')[0] ?? heading
}

function guides(): { text: string; link: string }[] {
  const place = (name: string): number => (GUIDES.indexOf(name) + GUIDES.length + 1) % (GUIDES.length + 1)
  return readdirSync(`${DOCS}/guides`)
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -3))
    .toSorted((left, right) => place(left) - place(right))
    .map((name) => ({ text: titleOf(`guides/${name}.md`), link: `/guides/${name}` }))
}

function decisions(): { text: string; link: string }[] {
  return readdirSync(`${DOCS}/decisions`)
    .filter((file) => /^\d{4}-.*\.md$/.test(file))
    .toSorted()
    .map((file) => ({ text: titleOf(`decisions/${file}`), link: `/decisions/${file.slice(0, -3)}` }))
}

/** One page per name by which the package is imported. */
function modules(): { text: string; link: string }[] {
  const names = Object.keys(packageJson.exports).filter((name) => name !== './package.json')
  return names
    .map((name) => name.replace(/^\./, 'lockstep'))
    .map((name) => ({ text: name, link: `/reference/${name}` }))
}

export default defineConfig({
  lang: 'en',
  title: 'Lockstep',
  description: 'Moves, mirrors, publishes and verifies records, and proves that nothing was lost.',
  cleanUrls: true,
  ignoreDeadLinks: 'localhostLinks',
  rewrites: { 'decisions/README.md': 'decisions/index.md' },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/logo.svg' }]],
  markdown: {
    // Before links are judged: what is elsewhere in the repository has a page here, or is no link.
    config: (markdown) => markdown.use(linksOfRepository, DOCS),
    // `{ key: [...] }` at the end of a cell is text.
    attrs: { disable: true },
    theme: { light: 'github-light', dark: 'github-dark' },
  },
  vite: { build: { chunkSizeWarningLimit: 2_000 } },
  themeConfig: {
    logo: '/logo.svg',
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      { text: 'Start', link: '/start' },
      {
        text: 'Guides',
        link: '/guides/ingest',
        activeMatch: '^/(guides|services|faults|security|scaling|sizing|adapters)',
      },
      { text: 'Reference', link: '/reference/', activeMatch: '^/(reference|errors)' },
      { text: 'How it works', link: '/architecture', activeMatch: '^/(architecture|decisions|benchmarks|glossary)' },
    ],
    sidebar: {
      '/reference/': [
        {
          text: 'API reference',
          link: '/reference/',
          items: modules(),
        },
        { text: 'Errors', link: '/errors' },
      ],
      '/': [
        { text: 'Start in five minutes', link: '/start' },
        { text: 'Guides', items: guides() },
        {
          text: 'From your service to a config',
          link: '/services/',
          items: [
            { text: 'Scan results, from Pub/Sub', link: '/services/scans' },
            { text: 'Quotes, from an event store', link: '/services/quotes' },
            { text: 'A facility feed', link: '/services/facilities' },
            { text: 'Blob reference counts', link: '/services/blobs' },
            { text: 'Records in two databases', link: '/services/records' },
          ],
        },
        {
          text: 'In production',
          items: [
            { text: 'Is a row ever lost?', link: '/faults' },
            { text: 'Security', link: '/security' },
            { text: 'Scaling', link: '/scaling' },
            { text: 'Sizing', link: '/sizing' },
            { text: 'Adapters', link: '/adapters' },
            { text: 'Errors', link: '/errors' },
          ],
        },
        {
          text: 'How it works',
          items: [
            { text: 'Architecture', link: '/architecture' },
            { text: 'Benchmarks', link: '/benchmarks' },
            { text: 'Glossary', link: '/glossary' },
            { text: 'Decisions', link: '/decisions/', collapsed: true, items: decisions() },
            { text: 'Contributing', link: '/contributing' },
            { text: 'Changelog', link: '/changelog' },
          ],
        },
      ],
    },
    footer: { message: 'MIT' },
  },
})
