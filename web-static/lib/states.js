// A state is a shape, a word and a tone, in that order. Shapes are drawn in components/state.js, tones are colors of tokens.css.

const state = (shape, tone, word) => ({ shape, tone, word });

const running = state('running', 'run', 'Running');
const unknownState = (name) => state('pending', 'muted', sentence(name));

const request = {
    submitted: state('pending', 'muted', 'Submitted'),
    validating: state('running', 'run', 'Checking'),
    pending_approval: state('waiting', 'wait', 'Waits for approval'),
    queued: state('pending', 'muted', 'Queued'),
    in_progress: running,
    completed: state('completed', 'ok', 'Completed'),
    rejected: state('failed', 'fail', 'Rejected'),
    failed: state('failed', 'fail', 'Failed'),
    resuming: state('running', 'run', 'Resuming'),
    aborted: state('skipped', 'muted', 'Aborted'),
    escalated: state('waiting', 'wait', 'Escalated'),
    cancelled: state('skipped', 'muted', 'Cancelled'),
};

const step = {
    pending: state('pending', 'muted', 'Not started'),
    running,
    waiting: state('waiting', 'wait', 'Waits for a person'),
    verifying: state('running', 'run', 'Verifying'),
    retrying: state('running', 'warn', 'Will try again'),
    completed: state('completed', 'ok', 'Completed'),
    failed: state('failed', 'fail', 'Failed'),
    skipped: state('skipped', 'muted', 'Skipped'),
};

const instance = {
    provisioning: state('running', 'run', 'Being made'),
    active: state('completed', 'ok', 'Active'),
    updating: state('running', 'run', 'Updating'),
    degraded: state('failed', 'warn', 'Degraded'),
    failed: state('failed', 'fail', 'Failed'),
    decommissioning: state('running', 'run', 'Being removed'),
    decommissioned: state('skipped', 'muted', 'Removed'),
};

const ticket = {
    open: state('waiting', 'wait', 'Open'),
    in_progress: state('running', 'run', 'In progress'),
    resolved: state('completed', 'ok', 'Resolved'),
    closed: state('skipped', 'muted', 'Closed'),
};

const approval = {
    waiting: state('pending', 'muted', 'Comes later'),
    pending: state('waiting', 'wait', 'Waits'),
    approved: state('completed', 'ok', 'Approved'),
    rejected: state('failed', 'fail', 'Rejected'),
    cancelled: state('skipped', 'muted', 'Cancelled'),
    expired: state('failed', 'fail', 'Nobody decided in time'),
};

/** What a step shows: a task for a person does not run, it waits. */
export const shownStatus = ({ type, status }) => (type === 'manual-task' && status === 'running' ? 'waiting' : status);

const attempt = { ...step, succeeded: step.completed };

const families = { request, step, instance, ticket, approval, attempt };

/** "in_progress" -> "In progress". */
export const sentence = (name = '') => {
    const words = String(name).replace(/[_-]+/g, ' ');
    return words.charAt(0).toUpperCase() + words.slice(1);
};

export const stateOf = (family, name) => families[family][name] ?? unknownState(name);
export const statesOf = (family) => Object.entries(families[family]).map(([name, one]) => ({ name, ...one }));

/** Nothing happens to such a request any more. */
export const isFinal = (status) => ['completed', 'rejected', 'aborted', 'cancelled'].includes(status);
/** Such a request waits for a person to decide. */
export const isHeld = (status) => ['failed', 'escalated'].includes(status);
export const isMoving = (status) => ['submitted', 'validating', 'queued', 'in_progress', 'resuming'].includes(status);
