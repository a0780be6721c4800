// The learner's pages.
import { startApp } from './kit/app.js';

startApp({
  title: 'Lockstep',
  guests: true,
  views: [
    { path: 'dashboard', label: 'Dashboard', sign: '◎', load: () => import('./learner/dashboard.js') },
    { path: 'courses', label: 'Courses', sign: '▤', load: () => import('./learner/courses.js') },
    { path: 'progress', label: 'Progress', sign: '◔', load: () => import('./learner/progress.js') },
    { path: 'today', label: 'Today', sign: '☑', load: () => import('./learner/today.js') },
    { path: 'practice', label: 'Practice', sign: '✎', load: () => import('./learner/practice.js') },
    { path: 'conflicts', label: 'Conflicts', sign: '⚖', load: () => import('./learner/conflicts.js') },
    { path: 'achievements', label: 'Achievements', sign: '★', load: () => import('./learner/achievements.js') },
  ],
});
