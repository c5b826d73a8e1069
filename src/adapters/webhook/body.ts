import type { Alert, AlertMessage } from '../../core/alert.js'

/** What is left out is counted. Slack takes 50 attachments at most, and people less. */
const MOST = 20

const COLOURS = { raised: 'danger', repeated: 'warning', resolved: 'good' } as const
const MARKS = { raised: '', repeated: 'still: ', resolved: 'resolved: ' } as const

/**
 * For Slack and what takes the same: a line in `text`, and an attachment for each alert, as Mattermost and Rocket.Chat know
 * no blocks.
 */
export function slackBody({ alerts, test }: AlertMessage): string {
  const shown = alerts.slice(0, MOST)
  const left = alerts.length - shown.length
  return JSON.stringify({
    text: headline(alerts, test),
    attachments: [
      ...shown.map((alert) => ({
        color: COLOURS[alert.status],
        fallback: escaped(`${alert.flow}: ${MARKS[alert.status]}${alert.message}`),
        title: escaped(`${alert.flow} (${alert.flowKind})`),
        text: escaped(`${MARKS[alert.status]}${alert.message}`) + more(alert),
        footer: `since ${alert.since}`,
        mrkdwn_in: ['text'],
      })),
      ...(left > 0 ? [{ fallback: `and ${left} more`, text: `and ${left} more; see \`lockstep status\`` }] : []),
    ],
  })
}

/** For programs; described in docs/guides/alerts.md. Fields may be added to version 1, and none changed. */
export function jsonBody({ id, at, test, alerts }: AlertMessage): string {
  return JSON.stringify({
    version: 1,
    type: 'lockstep.alerts',
    id,
    at,
    test,
    total: alerts.length,
    alerts: alerts.slice(0, MOST),
  })
}

function headline(alerts: readonly Alert[], test: boolean): string {
  if (test) return 'lockstep: this is a test, nothing is wrong'
  const wrong = alerts.filter(({ status }) => status !== 'resolved').length
  const parts = [
    ...(wrong > 0 ? [`${wrong} ${wrong === 1 ? 'alert' : 'alerts'}`] : []),
    ...(wrong < alerts.length ? [`${alerts.length - wrong} resolved`] : []),
  ]
  return `lockstep: ${parts.join(', ')}`
}

function more({ command, status }: Alert): string {
  return status === 'resolved' ? '' : `\n\`${escaped(command)}\``
}

/** The three characters that mean something to Slack; without them nobody can be called by name. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
