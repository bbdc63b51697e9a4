import { html } from '../lib/preact.js';
import { controlOf } from '../fields/registry.js';
import { Icon } from './icon.js';

/** The DOM id of a field by its path: where a finding of the server is shown and where the focus goes. */
export const idOf = (path) => `field-${path.replace(/[^\w-]/g, '_')}`;

/**
 * Label, help, control and what is wrong with it. `faults`: `[{field, message}]` of the whole form; `isShown(path)`:
 * whether those of a path are to be seen yet; `touch(path)`: the person left it.
 */
export function Field({ field, path, value, onChange, faults, isShown, touch, valueOf, hidesLabel = false }) {
    const Control = controlOf(field.type);
    const id = idOf(path);
    const found = isShown(path) ? faults.filter((fault) => fault.field === path) : [];
    const describedBy = [field.description && `${id}-help`, found.length && `${id}-fault`].filter(Boolean).join(' ') || undefined;
    const label = html`${field.name ?? field.id}${!field.required && !Control.drawsLabel && !hidesLabel && html`<span
        class="optional">optional</span>`}`;
    return html`
        <div class="field">
            ${!Control.drawsLabel && (Control.isGroup
                ? html`<span class="field-label" id=${`${id}-label`}>${label}</span>`
                : html`<label for=${id} class=${hidesLabel ? 'visually-hidden' : undefined}>${label}</label>`)}
            <${Control} id=${id} field=${field} path=${path} value=${value} onChange=${onChange} onBlur=${() => touch(path)}
                describedBy=${describedBy} isInvalid=${found.length > 0} shared=${{ faults, isShown, touch, valueOf }} />
            ${field.description && html`<p class="help" id=${`${id}-help`}>${field.description}</p>`}
            ${found.length > 0 && html`<div id=${`${id}-fault`}>${found.map(({ message }) => html`
                <p class="fault" key=${message}><${Icon} name="warning" /><span>${message}</span></p>`)}</div>`}
        </div>`;
}
