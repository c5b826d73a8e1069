import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { LETTER_STATES } from '../../core/dead-letter.js'
import { type Desk, type FlowCommand, STORE_DEADLINE_MS } from '../desk.js'
import { rests } from '../flow-actions.js'
import { flowSummary, isStale } from '../flow-summary.js'
import { RequestError } from '../problem.js'
import { ReplayDesk } from '../replay-desk.js'
import { FlowSummarySchema } from '../schemas/flow-schemas.js'
import { DiscardSchema, LetterChoiceSchema, ReplaySchema } from '../schemas/letter-schemas.js'
import { FlowParam } from '../schemas/page-schemas.js'
import { FlowLetters } from '../stores/flow-letters.js'
import { resetCheckpoints } from '../stores/flow-state.js'
import type { StoredCounts } from '../stores/stored-counts.js'
import { body, changes, flowOf, NoBody } from './route-parts.js'

const tags = ['actions']

const COMMANDS = {
  pause: 'Lets a flow finish what it has read, and keeps it from going on until it is resumed',
  resume: 'Starts a flow that is paused, has ended or has failed',
  run: 'Runs a flow with a schedule now, beside its schedule',
} as const satisfies Record<FlowCommand, string>

const commandRoute = (command: FlowCommand) =>
  createRoute({
    method: 'post',
    path: `/api/v1/flows/{flow}/${command}`,
    tags,
    operationId: `${command}Flow`,
    summary: COMMANDS[command],
    request: { params: FlowParam, body: body(NoBody) },
    responses: changes(
      'It was asked to; how it stands now. What becomes of it is told by its state.',
      FlowSummarySchema,
    ),
  })

const ResetBody = z
  .strictObject({ confirm: z.string().openapi({ description: 'The name of the flow, again.' }) })
  .openapi('ResetCheckpoints')

const reset = createRoute({
  method: 'post',
  path: '/api/v1/flows/{flow}/checkpoints/reset',
  tags,
  operationId: 'resetCheckpoints',
  summary: 'Takes the saved positions away, so that the flow begins anew when it is started',
  request: { params: FlowParam, body: body(ResetBody) },
  responses: changes('How many lanes had a position.', z.object({ lanes: z.number().int().min(0) }).openapi('Reset')),
})

const replay = createRoute({
  method: 'post',
  path: '/api/v1/flows/{flow}/dead-letters/replay',
  tags,
  operationId: 'replayLetters',
  summary: 'Sends dead letters through the whole flow again',
  request: { params: FlowParam, body: body(LetterChoiceSchema) },
  responses: changes('`done: false` after ten seconds: it goes on.', ReplaySchema),
})

const discard = createRoute({
  method: 'post',
  path: '/api/v1/flows/{flow}/dead-letters/discard',
  tags,
  operationId: 'discardLetters',
  summary: 'Gives dead letters up: they stay, marked, and are no longer counted',
  request: { params: FlowParam, body: body(LetterChoiceSchema) },
  responses: changes('How many.', DiscardSchema),
})

export function actionRoutes(app: OpenAPIHono, desk: Desk, counts: StoredCounts): void {
  commandRoutes(app, desk, counts)
  app.openapi(reset, async (context) => {
    const { flow } = context.req.valid('param')
    flowOf(desk, flow)
    return context.json({ lanes: await resetOf(desk, flow, context.req.valid('json').confirm) }, 200)
  })
  const replays = new ReplayDesk(desk)
  app.openapi(replay, async (context) => {
    const { flow } = context.req.valid('param')
    const filter = await new FlowLetters(desk, flow).chosen(context.req.valid('json'), LETTER_STATES)
    const asked = { patienceMs: STORE_DEADLINE_MS, requestId: context.get('requestId') }
    return context.json(await replays.replay(flow, filter, asked), 200)
  })
  app.openapi(discard, async (context) => {
    const { flow } = context.req.valid('param')
    const letters = new FlowLetters(desk, flow)
    return context.json(await letters.discard(await letters.chosen(context.req.valid('json'))), 200)
  })
}

function commandRoutes(app: OpenAPIHono, desk: Desk, counts: StoredCounts): void {
  for (const command of ['pause', 'resume', 'run'] as const) {
    app.openapi(commandRoute(command), (context) => {
      const { flow } = context.req.valid('param')
      ask(desk, flow, command)
      return context.json(flowSummary(desk, flow, counts.last(flow)), 200)
    })
  }
}

function ask(desk: Desk, name: string, command: FlowCommand): void {
  flowOf(desk, name)
  if (desk.control === undefined) {
    const fix = 'ask the process that runs it: `lockstep run --serve`'
    throw new RequestError(409, 'flow-elsewhere', 'this server shows flows that run in other processes', fix)
  }
  if (desk.control.command(name, command)) return
  const now = desk.board.figures(name)?.state ?? 'not running'
  const able = desk.control.commands(name)
  const fix = able.length === 0 ? 'wait until it has stopped' : `what it would do now: ${able.join(', ')}`
  throw new RequestError(409, 'flow-state', `the flow is ${now}, which goes without ${command}`, fix)
}

async function resetOf(desk: Desk, name: string, confirm: string): Promise<number> {
  const flow = flowOf(desk, name)
  if (confirm !== name) {
    throw new RequestError(
      400,
      'confirm-wrong',
      'what confirms it is not the name of the flow',
      'write the name of the flow as `confirm`',
    )
  }
  const figures = desk.board.figures(name)
  if (!rests(desk, { name, flow, figures, stale: isStale(figures, Date.now()) })) {
    throw new RequestError(409, 'flow-state', 'the flow is at work with these checkpoints', 'pause or stop it first')
  }
  return resetCheckpoints(desk, name)
}
