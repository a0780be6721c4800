// The administrator's console.
import { startApp } from './kit/app.js';

startApp({
  title: 'Lockstep console',
  isLearner: false,
  views: [
    { path: 'health', label: 'Health', sign: '♥', load: () => import('./admin/health.js') },
    { path: 'rules', label: 'Rules', sign: '≡', load: () => import('./admin/rules.js') },
    { path: 'repairs', label: 'Repairs', sign: '↻', load: () => import('./admin/repairs.js') },
    { path: 'audit', label: 'Audit', sign: '⚖', load: () => import('./admin/audit.js') },
    { path: 'requests', label: 'Requests', sign: '✓', load: () => import('./admin/requests.js') },
    { path: 'students', label: 'Students', sign: '☺', load: () => import('./admin/students.js') },
    { path: 'courses', label: 'Courses', sign: '▤', load: () => import('./admin/courses.js') },
    { path: 'payments', label: 'Payments', sign: '¤', load: () => import('./admin/payments.js') },
    { path: 'jobs', label: 'Jobs', sign: '⚙', load: () => import('./admin/jobs.js') },
    { path: 'rejects', label: 'Rejects', sign: '✗', load: () => import('./admin/rejects.js') },
  ],
});
