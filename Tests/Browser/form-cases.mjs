// The golden cases of the form rules, run through the browser's half. The server's half runs the same file.
// node Tests/Browser/form-cases.mjs

import { readFileSync } from 'node:fs';
import { validate, visibleFields } from '../../web-static/lib/validation.js';

const fixture = new URL('../CatalogTests/Fixtures/form-cases.json', import.meta.url);
const cases = JSON.parse(readFileSync(fixture, 'utf8'));

const told = (findings) => findings.map(({ field, rule }) => `${field}: ${rule}`).join(', ') || 'nothing';
let failed = 0;

function expectSame(name, what, actual, expected) {
    if (actual === expected) return;
    failed += 1;
    console.error(`${name}\n  ${what}: ${actual}\n  expected: ${expected}`);
}

for (const { name, form, values, errors, visible } of cases) {
    const findings = validate(form, values);
    expectSame(name, 'found', told(findings), told(errors));
    expectSame(name, 'visible', visibleFields(form, values).join(', '), visible.join(', '));
    expectSame(name, 'messages', String(findings.every(({ message }) => /^[A-Z0-9].*[.\w]$/.test(message))), 'true');
}

console.log(`${cases.length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
