import { expect, test } from 'vitest'
import type { Alert, AlertMessage } from '../../core/alert.js'
import { jsonBody, slackBody } from './body.js'

const different: Alert = {
  flow: 'blobs',
  flowKind: 'check',
  kind: 'different',
  status: 'raised',
  since: '2026-01-31T03:00:00.000Z',
  message: 'differs: 3 wrong, 1 that nothing refers to, <!channel> & more',
  count: 4,
  command: 'lockstep check blobs --more-info',
}
const resolved: Alert = {
  ...different,
  flow: 'scans',
  flowKind: 'ingest',
  kind: 'lag',
  status: 'resolved',
  message: 'is no longer behind',
}
const message = (alerts: readonly Alert[], test = false): AlertMessage => ({
  id: '7b1c6a1e-0000-4000-8000-000000000000',
  at: '2026-01-31T03:00:10.000Z',
  test,
  alerts,
})

test('as Slack takes it: a line, and an attachment for each alert; nobody can be called by name', () => {
  expect(JSON.parse(slackBody(message([different, resolved])))).toMatchInlineSnapshot(`
    {
      "attachments": [
        {
          "color": "danger",
          "fallback": "blobs: differs: 3 wrong, 1 that nothing refers to, &lt;!channel&gt; &amp; more",
          "footer": "since 2026-01-31T03:00:00.000Z",
          "mrkdwn_in": [
            "text",
          ],
          "text": "differs: 3 wrong, 1 that nothing refers to, &lt;!channel&gt; &amp; more
    \`lockstep check blobs --more-info\`",
          "title": "blobs (check)",
        },
        {
          "color": "good",
          "fallback": "scans: resolved: is no longer behind",
          "footer": "since 2026-01-31T03:00:00.000Z",
          "mrkdwn_in": [
            "text",
          ],
          "text": "resolved: is no longer behind",
          "title": "scans (ingest)",
        },
      ],
      "text": "lockstep: 1 alert, 1 resolved",
    }
  `)
})

test('for programs', () => {
  expect(JSON.parse(jsonBody(message([different])))).toMatchInlineSnapshot(`
    {
      "alerts": [
        {
          "command": "lockstep check blobs --more-info",
          "count": 4,
          "flow": "blobs",
          "flowKind": "check",
          "kind": "different",
          "message": "differs: 3 wrong, 1 that nothing refers to, <!channel> & more",
          "since": "2026-01-31T03:00:00.000Z",
          "status": "raised",
        },
      ],
      "at": "2026-01-31T03:00:10.000Z",
      "id": "7b1c6a1e-0000-4000-8000-000000000000",
      "test": false,
      "total": 1,
      "type": "lockstep.alerts",
      "version": 1,
    }
  `)
})

test('many are cut and counted', () => {
  const many = message(Array.from({ length: 1_000 }, () => different))
  const { attachments } = JSON.parse(slackBody(many))
  expect(attachments).toHaveLength(21)
  expect(attachments.at(-1).text).toContain('980 more')
  expect(JSON.parse(jsonBody(many))).toMatchObject({ total: 1_000, alerts: { length: 20 } })
  expect(slackBody(many).length).toBeLessThan(20_000)
})

test('a test says that it is one', () => {
  expect(JSON.parse(slackBody(message([different], true))).text).toContain('this is a test')
})
