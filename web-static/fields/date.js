import { textControl } from './text.js';

const bounds = ({ field: { validation = {} } }) => ({ min: validation.minDate, max: validation.maxDate });

export default (control) => textControl({ type: 'date', class: 'input narrow', ...bounds(control) })(control);
