import { dayOf } from '../lib/rules.js';
import { textControl } from './text.js';

const bounds = ({ field: { validation = {} } }) => ({ min: dayOf(validation.minDate), max: dayOf(validation.maxDate) });

export default (control) => textControl({ type: 'date', class: 'input narrow', ...bounds(control) })(control);
