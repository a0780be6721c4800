// Made by tools/generate.mjs out of /api/openapi.json.
export interface paths {
    "/api/admin/analytics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The figures of an administrator's dashboard, as of the last count
         * @description Least role: admin.
         */
        get: operations["getAdminAnalytics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Columns beside document, as of the last pass; as CSV by Accept: text/csv
         * @description Least role: admin.
         */
        get: operations["getAdminAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/chapters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The chapters of a course
         * @description Least role: admin.
         */
        get: operations["getAdminChapters"];
        put?: never;
        /**
         * Add a chapter to a course
         * @description Least role: admin.
         */
        post: operations["postAdminChapters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/chapters/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a chapter, by a job
         * @description Least role: admin.
         */
        delete: operations["deleteAdminChaptersById"];
        options?: never;
        head?: never;
        /**
         * Change a chapter
         * @description Least role: admin.
         */
        patch: operations["patchAdminChaptersById"];
        trace?: never;
    };
    "/api/admin/courses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every course with its counts, page by page
         * @description Least role: admin.
         */
        get: operations["getAdminCourses"];
        put?: never;
        /**
         * Make a course
         * @description Least role: admin.
         */
        post: operations["postAdminCourses"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/courses/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One course with its counts
         * @description Least role: admin.
         */
        get: operations["getAdminCoursesById"];
        put?: never;
        post?: never;
        /**
         * Delete a course, by a job
         * @description Least role: admin.
         */
        delete: operations["deleteAdminCoursesById"];
        options?: never;
        head?: never;
        /**
         * Change a course
         * @description Least role: admin.
         */
        patch: operations["patchAdminCoursesById"];
        trace?: never;
    };
    "/api/admin/enrollments/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Enrollments as CSV, cancelled ones among them, part by part
         * @description Least role: admin.
         */
        get: operations["getAdminEnrollmentsExport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/enrollments/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enrol and unenrol whom a list names; what is so already is left alone
         * @description Least role: admin.
         */
        post: operations["postAdminEnrollmentsImport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The jobs, newest first.
         * @description Least role: admin.
         */
        get: operations["getAdminJobs"];
        put?: never;
        /**
         * Inserts a job, or a schedule.
         * @description Least role: admin.
         */
        post: operations["postAdminJobs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One job, and how far its ranges are.
         * @description Least role: admin.
         */
        get: operations["getAdminJobsById"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/jobs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks for a job's end; one that has ended stays as it is.
         * @description Least role: admin.
         */
        post: operations["postAdminJobsByIdCancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/jobs/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Inserts a job anew that failed, died or was cancelled.
         * @description Least role: admin.
         */
        post: operations["postAdminJobsByIdRetry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/jobs/kinds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The kinds of jobs and their parameters.
         * @description Least role: admin.
         */
        get: operations["getAdminJobsKinds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The payments, newest first.
         * @description Least role: admin.
         */
        get: operations["getAdminPayments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/rejects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Items of offline clients that could not be taken
         * @description Least role: admin.
         */
        get: operations["getAdminRejects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/rejects/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say that a reject has been settled
         * @description Least role: admin.
         */
        post: operations["postAdminRejectsByIdResolve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/repairs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The repair runs, newest first.
         * @description Least role: admin.
         */
        get: operations["getAdminRepairs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/repairs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One run: what it did by each rule, and its rows before and after.
         * @description Least role: admin.
         */
        get: operations["getAdminRepairsById"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/repairs/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends the pauses that a rollback left behind.
         * @description Least role: admin.
         */
        post: operations["postAdminRepairsByIdResume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/repairs/{id}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Undoes a run: one learner's at once, else by a job. Its rules are paused for its rows.
         * @description Least role: admin.
         */
        post: operations["postAdminRepairsByIdRollback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/requests/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Approve or deny a request; approving enrols
         * @description Least role: admin.
         */
        patch: operations["patchAdminRequestsById"];
        trace?: never;
    };
    "/api/admin/requests/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve or deny many requests, each by itself
         * @description Least role: admin.
         */
        post: operations["postAdminRequestsBulk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The rules of consistency, and which of them are paused.
         * @description Least role: admin.
         */
        get: operations["getAdminRules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/rules/{name}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Nothing is repaired by this rule until it is resumed; * is every rule.
         * @description Least role: admin.
         */
        post: operations["postAdminRulesByNamePause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/rules/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends a rule's pause.
         * @description Least role: admin.
         */
        post: operations["postAdminRulesByNameResume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/score-history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The platform's score, pass by pass, newest first.
         * @description Least role: admin.
         */
        get: operations["getAdminScoreHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/sync-user-data": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Bring one learner's totals into step, or everybody's
         * @description Least role: admin.
         */
        post: operations["postAdminSyncUserData"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a learner for good, by a job that lists what was erased
         * @description Least role: admin.
         */
        delete: operations["deleteAdminUsersById"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhook-events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The events of the payment provider and what became of them, newest first.
         * @description Least role: admin.
         */
        get: operations["getAdminWebhookEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhook-events/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Processes a stored event again, now that what was in its way is gone.
         * @description Least role: admin.
         */
        post: operations["postAdminWebhookEventsByIdReplay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/anonymous": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an anonymous learner and a token for it.
         * @description Least role: public.
         */
        post: operations["postAnonymous"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/anonymous/claim": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Merges all that an anonymous learner did into the learner who is signed in, once.
         * @description Least role: student.
         */
        post: operations["postAnonymousClaim"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/answer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record an answer; every total moves with it
         * @description Least role: anonymous.
         */
        post: operations["postAnswer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dashboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Profile, stitches completed and latest sessions of the learner
         * @description Least role: anonymous.
         */
        get: operations["getDashboard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/enrollment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enrol a student
         * @description Least role: admin.
         */
        post: operations["postEnrollment"];
        /**
         * Unenrol a student; the enrollment stays as cancelled
         * @description Least role: admin.
         */
        delete: operations["deleteEnrollment"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/learning-paths": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The learner's learning paths with steps and progress
         * @description Least role: student.
         */
        get: operations["getLearningPaths"];
        put?: never;
        /**
         * Make a learning path
         * @description Least role: student.
         */
        post: operations["postLearningPaths"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/learning-paths/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a learning path
         * @description Least role: student.
         */
        delete: operations["deleteLearningPathsById"];
        options?: never;
        head?: never;
        /**
         * Change a learning path or its steps
         * @description Least role: student.
         */
        patch: operations["patchLearningPathsById"];
        trace?: never;
    };
    "/api/learning-paths/{id}/steps/{stepId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a step; completing it is an event
         * @description Least role: student.
         */
        patch: operations["patchLearningPathsByIdStepsByStepId"];
        trace?: never;
    };
    "/api/modules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What there is to practise
         * @description Least role: anonymous.
         */
        get: operations["getModules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * This interface as an OpenAPI document.
         * @description Least role: public.
         */
        get: operations["getOpenapiJson"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/payments/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes an event of Stripe, signed over its bytes (Stripe-Signature).
         * @description Least role: public.
         */
        post: operations["postPaymentsWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/practice-sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The learner's practice sessions, newest first
         * @description Least role: anonymous.
         */
        get: operations["getPracticeSessions"];
        put?: never;
        /**
         * Start a practice session, for answers to name
         * @description Least role: anonymous.
         */
        post: operations["postPracticeSessions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/practice-sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * End a practice session; one that has ended stays as it ended
         * @description Least role: anonymous.
         */
        patch: operations["patchPracticeSessionsById"];
        trace?: never;
    };
    "/api/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The learner's profile
         * @description Least role: anonymous.
         */
        get: operations["getProfile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change display name or time zone
         * @description Least role: anonymous.
         */
        patch: operations["patchProfile"];
        trace?: never;
    };
    "/api/progress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Totals, modules, percentiles and streak of the learner
         * @description Least role: anonymous.
         */
        get: operations["getProgress"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/achievements": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the learner has earned; on demand, what others show of theirs
         * @description Least role: student.
         */
        get: operations["getProgressSyncAchievements"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/achievements/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Show an achievement to others, or keep it to oneself
         * @description Least role: student.
         */
        patch: operations["patchProgressSyncAchievementsById"];
        trace?: never;
    };
    "/api/progress-sync/conflicts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Events that contradict each other; by default those that wait for the learner
         * @description Least role: student.
         */
        get: operations["getProgressSyncConflicts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/conflicts/{id}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What each of the four resolutions would make of a conflict
         * @description Least role: student.
         */
        get: operations["getProgressSyncConflictsByIdPreview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/conflicts/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decide a conflict
         * @description Least role: student.
         */
        post: operations["postProgressSyncConflictsByIdResolve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The learner's events, as they came and as they count
         * @description Least role: student.
         */
        get: operations["getProgressSyncEvents"];
        put?: never;
        /**
         * Take in what a learner did, one event or several
         * @description Least role: student.
         */
        post: operations["postProgressSyncEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One of the learner's events
         * @description Least role: student.
         */
        get: operations["getProgressSyncEventsById"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/events/{id}/propagations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every row that an event brought along, and why
         * @description Least role: student.
         */
        get: operations["getProgressSyncEventsByIdPropagations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/events/{id}/undo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take back what an event brought along, where nobody has touched it since
         * @description Least role: student.
         */
        post: operations["postProgressSyncEventsByIdUndo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/events/reprocess": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Have events whose processing failed tried again
         * @description Least role: admin.
         */
        post: operations["postProgressSyncEventsReprocess"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the systems are in step: one's own, or, for administrators, everybody's
         * @description Least role: student.
         */
        get: operations["getProgressSyncHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/insights": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the activities of some weeks add up to, and how that compares with the weeks before
         * @description Least role: student.
         */
        get: operations["getProgressSyncInsights"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/live-ticket": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A ticket that opens the live channel once
         * @description Least role: student.
         */
        post: operations["postProgressSyncLiveTicket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the learner is to be told, newest first
         * @description Least role: student.
         */
        get: operations["getProgressSyncNotifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/notifications/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mark a notification as read
         * @description Least role: student.
         */
        post: operations["postProgressSyncNotificationsByIdRead"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/patterns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Five habits that the learner may have, each with its threshold and what speaks for it
         * @description Least role: student.
         */
        get: operations["getProgressSyncPatterns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/repair": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find, and with autoRepair put right, what events say and what does not say the same
         * @description Least role: student.
         */
        post: operations["postProgressSyncRepair"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress-sync/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything of the learner's at one glance
         * @description Least role: student.
         */
        get: operations["getProgressSyncSummary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/attempts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the learner answered, newest first
         * @description Least role: anonymous.
         */
        get: operations["getProgressAttempts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/bulk-sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Bring in what was done offline, item by item
         * @description Least role: anonymous.
         */
        post: operations["postProgressBulkSync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What moved the learner's totals, newest first
         * @description Least role: student.
         */
        get: operations["getProgressHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start over: attempts, practice sessions, totals and streak; an administrator can undo it
         * @description Least role: student.
         */
        post: operations["postProgressReset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/statistics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Totals by module and day, best day, practice sessions and streaks by activity
         * @description Least role: anonymous.
         */
        get: operations["getProgressStatistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/stitches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How far the learner is with every stitch, or with those that changed
         * @description Least role: anonymous.
         */
        get: operations["getProgressStitches"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record how far the learner is with a stitch
         * @description Least role: anonymous.
         */
        post: operations["postProgressUpdate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Pending requests, with student and course
         * @description Least role: admin.
         */
        get: operations["getRequests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The learner's calendar, by the beginning of its entries
         * @description Least role: student.
         */
        get: operations["getSchedule"];
        put?: never;
        /**
         * Make a calendar entry
         * @description Least role: student.
         */
        post: operations["postSchedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/schedule/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a calendar entry
         * @description Least role: student.
         */
        delete: operations["deleteScheduleById"];
        options?: never;
        head?: never;
        /**
         * Change or move a calendar entry; completing it is an event
         * @description Least role: student.
         */
        patch: operations["patchScheduleById"];
        trace?: never;
    };
    "/api/sessions/record": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record a completed session; the profile moves with it
         * @description Least role: anonymous.
         */
        post: operations["postSessionsRecord"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/student/chapters/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Complete a chapter; both progress values move with it
         * @description Least role: student.
         */
        post: operations["postStudentChaptersComplete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/student/courses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every open course, as it stands for the student
         * @description Least role: student.
         */
        get: operations["getStudentCourses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/student/enroll": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enrol in a public course that is free
         * @description Least role: student.
         */
        post: operations["postStudentEnroll"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/student/enrolled-courses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The courses that the student is enrolled in, with progress
         * @description Least role: student.
         */
        get: operations["getStudentEnrolledCourses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/student/progress-details": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The same, chapter by chapter
         * @description Least role: student.
         */
        get: operations["getStudentProgressDetails"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/student/requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The student's requests for access, pending and decided
         * @description Least role: student.
         */
        get: operations["getStudentRequests"];
        put?: never;
        /**
         * Ask for access to a course
         * @description Least role: student.
         */
        post: operations["postStudentRequests"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/student/requests/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Take a pending request back
         * @description Least role: student.
         */
        delete: operations["deleteStudentRequestsById"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/student/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The student's figures
         * @description Least role: student.
         */
        get: operations["getStudentStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/students": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Students with their counts, all or those sought, page by page
         * @description Least role: admin.
         */
        get: operations["getStudents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/students/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A student with enrollments and progress
         * @description Least role: admin.
         */
        get: operations["getStudentsById"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/students/{id}/state": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A student's whole state of enrollment, table by table
         * @description Least role: admin.
         */
        get: operations["getStudentsByIdState"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sync/auto-fix": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Repairs, or plans what would be repaired, or applies a plan: one learner at once, everybody by a job.
         * @description Least role: admin.
         */
        post: operations["postSyncAutoFix"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sync/connection": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * For clients that poll: revision, counts, and what was done since
         * @description Least role: student.
         */
        get: operations["getSyncConnection"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sync/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether everything is in step, and what keeps it so is at work; 503 when failing.
         * @description Least role: public.
         */
        get: operations["getSyncHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sync/validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What holds and what does not: of all as of the last pass, of one learner now.
         * @description Least role: admin.
         */
        get: operations["getSyncValidate"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/todos": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The learner's todos, in the order in which they were made
         * @description Least role: student.
         */
        get: operations["getTodos"];
        put?: never;
        /**
         * Make a todo
         * @description Least role: student.
         */
        post: operations["postTodos"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/todos/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Delete a todo
         * @description Least role: student.
         */
        delete: operations["deleteTodosById"];
        options?: never;
        head?: never;
        /**
         * Change a todo; completing it is an event
         * @description Least role: student.
         */
        patch: operations["patchTodosById"];
        trace?: never;
    };
    "/api/videos/{id}/progress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How far the learner has watched a video
         * @description Least role: student.
         */
        get: operations["getVideosByIdProgress"];
        /**
         * Tell how far a video was watched; to its end is an event
         * @description Least role: student.
         */
        put: operations["putVideosByIdProgress"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the process is there.
         * @description Least role: public.
         */
        get: operations["getHealthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Figures of all worker processes, as Prometheus reads them.
         * @description Least role: admin.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the database answers, the migrations are applied and commits are durable.
         * @description Least role: public.
         */
        get: operations["getReadyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A request for access to a course. */
        AccessAsk: {
            /** @description The course. */
            courseId: number;
            /** @description Why the student wants access. */
            reason?: string | null;
        };
        /** @description A decision about a request. */
        AccessDecision: {
            /**
             * @description What is decided.
             * @enum {string}
             */
            action: "approve" | "deny";
            /** @description Why, for the student to read. */
            reason?: string | null;
        };
        /** @description What became of one. */
        AccessDecisionResult: {
            /** @description The request. */
            id: number;
            /** @description What was done, or why not. */
            message: string;
            /** @description What PATCH would have answered for it alone. */
            status: number;
            /** @description Whether it was decided now. */
            success: boolean;
        };
        /** @description One decision about many requests. */
        AccessDecisions: {
            /**
             * @description What is decided.
             * @enum {string}
             */
            action: "approve" | "deny";
            /** @description Why, for the student to read. */
            reason?: string | null;
            /** @description The requests. */
            requestIds: number[];
        };
        /** @description What became of them. */
        AccessDecisionsDone: {
            /** @description How many were not. */
            failed: number;
            /** @description In a sentence. */
            message: string;
            /** @description How many were decided. */
            processed: number;
            /** @description One a request, in the order given. */
            results: components["schemas"]["AccessDecisionResult"][];
            /** @description Whether all were decided. */
            success: boolean;
        };
        /** @description A request for access. */
        AccessRequest: {
            /** @description The course. */
            courseId: number;
            /** @description The course's title. */
            courseTitle: string;
            /**
             * Format: date-time
             * @description When it was decided.
             */
            decidedAt: string | null;
            /** @description The request. */
            id: number;
            /** @description What the decider said. */
            note: string | null;
            /** @description Why the student wants access. */
            reason: string | null;
            /**
             * Format: date-time
             * @description When it was asked.
             */
            requestedAt: string;
            /** @description pending, approved or rejected. */
            status: string;
        };
        /** @description A request after a change. */
        AccessRequestDone: {
            /** @description The course. */
            courseId: number;
            /** @description What was done, in a sentence. */
            message: string;
            /** @description Why the student wants access. */
            reason: string | null;
            /**
             * Format: date-time
             * @description When it was asked.
             */
            requestedAt: string;
            /** @description The request. */
            requestId: number;
            /** @description The student's revision. */
            revision: number;
            /** @description pending, approved, rejected or withdrawn. */
            status: string;
            /** @description Who asked. */
            studentId: number;
            /** @description True. */
            success: boolean;
            /** @description The course's title. */
            title: string;
        };
        /** @description The student's requests, pending and decided. */
        AccessRequests: {
            /** @description Newest first. */
            requests: components["schemas"]["AccessRequest"][];
        };
        /** @description What a learner has earned. */
        Achievement: {
            /** @description A sentence more. */
            description: string;
            /**
             * Format: date-time
             * @description When the activity happened by which it was earned; or when a recomputation found it.
             */
            earnedAt: string;
            /**
             * @description Its definition's.
             * @example first-steps
             */
            id: string;
            /** @description Whether others may see it, under the learner's display name. */
            isPublic: boolean;
            /**
             * @description The metric, how much of it was asked for, and how much there was.
             * @example {
             *       "metric": "streak_days",
             *       "atLeast": 7,
             *       "value": 7
             *     }
             */
            metadata?: unknown;
            /** @description As it was when it was earned. */
            title: string;
            /** @description The id of the event that brought it about; null where a recomputation found it. */
            triggerEvent: string | null;
            /** @description completion, streak, speed, consistency or milestone. */
            type: string;
        };
        /** @description What is to change. */
        AchievementPatch: {
            /** @description Whether others may see it, under the learner's display name. */
            isPublic: boolean;
        };
        /** @description What was changed. */
        AchievementPatched: {
            /** @description As it is now. */
            achievement: components["schemas"]["Achievement"];
            /** @description The learner's revision afterwards. */
            revision: number;
            /** @description True. */
            success: boolean;
        };
        /** @description What was earned. */
        Achievements: {
            /** @description The learner's own, newest first. */
            achievements: components["schemas"]["Achievement"][];
            /** @description With includePublic: the newest of others. */
            publicAchievements?: components["schemas"]["PublicAchievement"][];
        };
        /** @description Days in a row of one activity. */
        ActivityStreak: {
            /**
             * @description What was practised: answer, session or event.
             * @example answer
             */
            activity: string;
            /**
             * Format: int64
             * @description Days in a row up to today or yesterday.
             */
            current: number;
            /** @description Days on which it was practised. */
            days: number;
            /**
             * Format: date
             * @description The last day practised, on the learner's calendar.
             */
            lastPracticeDate: string | null;
            /**
             * Format: int64
             * @description The longest run ever.
             */
            longest: number;
            /** @description Whether today counts already. */
            practicedToday: boolean;
        };
        /** @description An activity, done or to come. */
        ActivitySummary: {
            /** @description The activity, the todo or the calendar entry. */
            activityId: string;
            /** @description video, practice, project, quiz or milestone; of what is to come: todo or schedule. */
            activityType: string;
            /**
             * Format: date-time
             * @description When it was first completed.
             */
            completedAt?: string | null;
            /**
             * Format: date-time
             * @description When the entry ends.
             */
            endsAt?: string | null;
            /**
             * Format: date-time
             * @description When something last happened to it.
             */
            lastActivityAt?: string;
            /**
             * Format: date-time
             * @description When the todo is due, or the entry begins.
             */
            scheduledAt?: string | null;
            /** @description completed, in_progress or skipped; of what is to come: pending, planned or in_progress. */
            status: string;
            /** @description Minutes. */
            timeSpent?: number;
            /** @description Of a todo or a calendar entry. */
            title?: string;
            /** @description The video that a calendar entry is for. */
            videoId?: string;
        };
        /** @description A row that was completed along. */
        AlsoCompleted: {
            /** @description Why it was completed with it. */
            because: string;
            /** @description Its id; of a step the path's and its own, parted by a slash. */
            id: string;
            /** @description Whose row it is. */
            system: string;
            /** @description Its table. */
            table: string;
        };
        /** @description An administrator's dashboard. */
        Analytics: {
            /**
             * Format: date-time
             * @description When they were counted; null before the first count, and all figures 0.
             */
            asOf: string | null;
            /** @description A page of courses with their own figures, most students first. */
            courses: components["schemas"]["AnalyticsCourse"][];
            /** @description The platform's figures. */
            figures: components["schemas"]["AnalyticsFigures"];
            /** @description The job that counts anew (202). */
            jobId?: number;
            /** @description What there is to say of it. */
            message?: string;
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
            /**
             * Format: int64
             * @description When to ask again.
             */
            pollIntervalMs: number;
            /** @description Moves when a count finds other figures: the next `since`. 0 before the first. */
            version: number;
        };
        /** @description A course with its own figures. */
        AnalyticsCourse: {
            /**
             * Format: int64
             * @description Enrollments under way.
             */
            active: number;
            /** @description Mean percent over those that stand, two decimals. */
            averageProgress: number;
            /**
             * Format: int64
             * @description Cancelled ones.
             */
            cancelled: number;
            /**
             * Format: int64
             * @description Completed ones.
             */
            completed: number;
            /** @description The course. */
            courseId: number;
            /**
             * Format: int64
             * @description Requests that wait to be decided.
             */
            pendingRequests: number;
            /** @description From 1: most students first. */
            place: number;
            /** @description Its status, in lower case. */
            status: string;
            /** @description Its title. */
            title: string;
        };
        /** @description What there is to learn. */
        AnalyticsCourses: {
            /** @description The same by status. */
            byStatus: components["schemas"]["AnalyticsStatus"][];
            /**
             * Format: int64
             * @description Courses.
             */
            total: number;
        };
        /** @description Enrollments of one day. */
        AnalyticsDay: {
            /**
             * Format: int64
             * @description Enrolled on that day, cancelled since or not.
             */
            count: number;
            /**
             * Format: date
             * @description In UTC.
             */
            day: string;
        };
        /** @description Who is enrolled in what. */
        AnalyticsEnrollments: {
            /**
             * Format: int64
             * @description Under way.
             */
            active: number;
            /** @description Mean percent over those that stand, two decimals; 0 where there are none. */
            averageProgress: number;
            /** @description The same by how they came about. */
            bySource: components["schemas"]["AnalyticsSource"][];
            /**
             * Format: int64
             * @description Cancelled.
             */
            cancelled: number;
            /**
             * Format: int64
             * @description Completed.
             */
            completed: number;
            /** @description Of each of the last 30 days, oldest first. */
            perDay: components["schemas"]["AnalyticsDay"][];
            /**
             * Format: int64
             * @description Enrollments that stand: active and completed.
             */
            total: number;
        };
        /** @description The platform's figures, counted in one moment. */
        AnalyticsFigures: {
            /** @description What there is to learn. */
            courses: components["schemas"]["AnalyticsCourses"];
            /** @description Who is enrolled in what. */
            enrollments: components["schemas"]["AnalyticsEnrollments"];
            /** @description Payments by status and currency. */
            payments: components["schemas"]["AnalyticsPayment"][];
            /** @description What they have done. */
            practice: components["schemas"]["AnalyticsPractice"];
            /** @description Who asks for access. */
            requests: components["schemas"]["AnalyticsRequests"];
            /** @description Who learns here. */
            students: components["schemas"]["AnalyticsStudents"];
        };
        /** @description Payments of one status in one currency. */
        AnalyticsPayment: {
            /**
             * Format: int64
             * @description What was paid.
             */
            amountCents: number;
            /**
             * Format: int64
             * @description Payments.
             */
            count: number;
            /** @description In lower case; empty where it is not known yet. */
            currency: string;
            /**
             * Format: int64
             * @description Payments that are not their course's price.
             */
            mismatched: number;
            /**
             * Format: int64
             * @description What of it was paid back.
             */
            refundedCents: number;
            /** @description pending, paid, failed or refunded. */
            status: string;
        };
        /** @description What they have done. */
        AnalyticsPractice: {
            /** @description In percent, two decimals. */
            accuracy: number;
            /**
             * Format: int64
             * @description Of those, the correct ones.
             */
            correctAnswers: number;
            /**
             * Format: int64
             * @description Questions that they answered.
             */
            questionsAnswered: number;
            /**
             * Format: int64
             * @description Tokens that all learners earned together.
             */
            totalTokens: number;
        };
        /** @description Who asks for access. */
        AnalyticsRequests: {
            /**
             * Format: int64
             * @description Requests that were approved.
             */
            approved: number;
            /**
             * Format: date-time
             * @description Since when the oldest of them waits; null where none does.
             */
            oldestPendingAt: string | null;
            /**
             * Format: int64
             * @description Requests that wait to be decided.
             */
            pending: number;
            /**
             * Format: int64
             * @description Requests that were rejected.
             */
            rejected: number;
        };
        /** @description Enrollments that came about in one way. */
        AnalyticsSource: {
            /**
             * Format: int64
             * @description Under way.
             */
            active: number;
            /**
             * Format: int64
             * @description Cancelled.
             */
            cancelled: number;
            /**
             * Format: int64
             * @description Completed.
             */
            completed: number;
            /** @description admin, payment, request, public or default. */
            source: string;
        };
        /** @description Courses of one status. */
        AnalyticsStatus: {
            /**
             * Format: int64
             * @description Courses.
             */
            count: number;
            /** @description The status, in lower case. */
            status: string;
        };
        /** @description Who learns here. */
        AnalyticsStudents: {
            /**
             * Format: int64
             * @description Within seven days, today included.
             */
            activeLast7Days: number;
            /**
             * Format: int64
             * @description Within thirty days, today included.
             */
            activeLast30Days: number;
            /**
             * Format: int64
             * @description Learners who have practised today.
             */
            activeToday: number;
            /**
             * Format: int64
             * @description Anonymous learners.
             */
            anonymous: number;
            /**
             * Format: int64
             * @description Of those, who came in the last 30 days.
             */
            newLast30Days: number;
            /**
             * Format: int64
             * @description Students; anonymous learners are not among them.
             */
            total: number;
        };
        /** @description Nothing is required. */
        AnonymousBody: {
            /**
             * @description The learner's IANA time zone; UTC where none is given.
             * @example Europe/Berlin
             */
            timeZone?: string;
        };
        /** @description A new anonymous learner. */
        AnonymousReply: {
            /**
             * Format: date-time
             * @description When the token ends.
             */
            expiresAt: string;
            /** @description True. */
            success: boolean;
            /** @description To be sent as Authorization: Bearer. */
            token: string;
            /** @description The new learner's id. */
            userId: number;
        };
        /** @description An answer, as the client sends it. */
        AnswerBody: {
            /**
             * Format: date-time
             * @description When it was answered; now, when not sent. At most offline.max_age_days old.
             */
            answeredAt?: string;
            /**
             * @description The client's own id of this answer: a repeat with the same id gets the first reply.
             * @example 3f1c9a52-1
             */
            answerId?: string;
            /**
             * @description The exercise that was answered.
             * @example fractions-12
             */
            exerciseId: string;
            /** @description The client's verdict, where the exercise is not known here. */
            isCorrect?: boolean;
            /**
             * @description The module that is credited; a known exercise brings its own.
             * @example math
             */
            module: string;
            /**
             * Format: date
             * @description The learner's calendar day it counts for; within a day of answeredAt there.
             */
            practicedOn?: string;
            /** @description The practice session it belongs to; passed over where the learner has none such. */
            practiceSessionId?: number;
            /** @description Tokens earned, where the exercise is not known here; at most answers.max_tokens. */
            tokens?: number;
            /**
             * @description What the learner answered; graded where the exercise is known.
             * @example 3/4
             */
            userAnswer?: string | null;
        };
        /** @description Where the answer left the learner. */
        AnswerReply: {
            /**
             * Format: int64
             * @description Of them, correctly.
             */
            correctAnswers: number;
            /** @description The grade. */
            isCorrect: boolean;
            /** @description The module that was credited. */
            module: string;
            /**
             * Format: int64
             * @description Questions answered in all.
             */
            questionsAnswered: number;
            /** @description The learner's revision that this answer made. */
            revision: number;
            /** @description The learner's streak after this answer. */
            streak: components["schemas"]["Streak"];
            /** @description Always true here. */
            success: boolean;
            /**
             * Format: int64
             * @description The learner's total now.
             */
            tokens: number;
            /**
             * Format: int64
             * @description What this answer earned.
             */
            tokensEarned: number;
        };
        /** @description One answer of the learner. */
        Attempt: {
            /**
             * Format: date-time
             * @description When it was answered.
             */
            answeredAt: string;
            /** @description What was answered. */
            exerciseId: string;
            /** @description The attempt. */
            id: number;
            /** @description The grade. */
            isCorrect: boolean;
            /** @description The module that was credited. */
            module: string;
            /**
             * Format: date
             * @description The learner's calendar day that it counts for.
             */
            practicedOn: string;
            /** @description The practice session that it belongs to. */
            practiceSessionId: number | null;
            /**
             * Format: int64
             * @description What it earned.
             */
            tokens: number;
            /** @description The answer as it was given, where one was sent. */
            userAnswer: string | null;
        };
        /** @description A page of the learner's attempts. */
        Attempts: {
            /** @description Newest first; those of long ago among them. */
            attempts: components["schemas"]["Attempt"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: string | null;
        };
        /** @description A page of the audit. */
        Audit: {
            /**
             * Format: date-time
             * @description When the pass ended, or the learner was read; null when there was no pass yet.
             */
            asOf: string | null;
            /** @description How many of them differ. */
            differ?: number;
            /** @description A page of the learners who differ, the largest token difference first; or the one who was asked for. */
            entries: components["schemas"]["AuditEntry"][];
            /** @description The job that makes a new pass (202). */
            jobId?: number;
            /** @description How many the pass looked at. */
            learners?: number;
            /** @description What there is to say of it. */
            message?: string;
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
            /** @description The pass that found them. */
            passId?: number;
        };
        /** @description One learner's columns beside the document. */
        AuditEntry: {
            /**
             * Format: int64
             * @description Column minus document.
             */
            correctDiff: number;
            /** @description Whether there is a document at all. */
            hasDocument: boolean;
            /**
             * Format: int64
             * @description Correct answers in global_stats.
             */
            jsonCorrect: number;
            /**
             * Format: int64
             * @description Questions answered in global_stats.
             */
            jsonQuestions: number;
            /**
             * Format: int64
             * @description Tokens in the document's global_stats.
             */
            jsonTokens: number;
            /**
             * Format: int64
             * @description Column minus document.
             */
            questionDiff: number;
            /**
             * Format: int64
             * @description Correct answers in the column.
             */
            tableCorrect: number;
            /**
             * Format: int64
             * @description Questions answered in the column.
             */
            tableQuestions: number;
            /**
             * Format: int64
             * @description Tokens in the column.
             */
            tableTokens: number;
            /**
             * Format: int64
             * @description Column minus document.
             */
            tokenDiff: number;
            /** @description The learner. */
            userId: number;
            /** @description The learner's name to sign in with. */
            username: string | null;
        };
        /** @description What to repair. */
        AutoFix: {
            /**
             * @description What is right where columns and document differ: the document's modules, or, only when asked for by name, the columns.
             * @default modules
             * @enum {string}
             */
            authority: "modules" | "columns";
            /** @description Go on also where a rule would change more than its limit allows. */
            confirmOverLimit?: boolean;
            /** @description The plan's digest, to be sure that it is the one. */
            digest?: string;
            /** @description Change nothing; make a plan of what would be changed. */
            dryRun?: boolean;
            /** @description Apply the plan of this dry run: exactly that, or nothing. */
            planId?: number;
            /** @description Only these rules, by name; every rule where not given. */
            rules?: string[];
            /** @description Only this learner; everybody where not given. */
            userId?: number | string;
        };
        /** @description One row that breaks a rule. */
        Breach: {
            /** @description set, insert, delete, or report where a person must decide. */
            action: string;
            /** @description What stands there. */
            actual: string | null;
            /** @description The column. */
            column: string | null;
            /** @description The row's primary key. */
            key: unknown;
            /** @description The table. */
            table: string;
            /** @description Whose row it is. */
            userId: number;
            /** @description What should stand there. */
            wanted: string | null;
        };
        /** @description What a client kept while it was offline. */
        BulkSync: {
            /** @description The learner's revision that the items were made from. Without it nothing is in conflict. */
            baseRevision?: number | null;
            /** @description In the order in which they are to be taken. */
            progressItems: components["schemas"]["StitchItem"][];
        };
        /** @description What became of the items. */
        BulkSynced: {
            /** @description In a sentence. */
            message: string;
            /** @description One an item, in the order given. */
            results: components["schemas"]["BulkSyncResult"][];
            /** @description The learner's revision afterwards: the next baseRevision. */
            revision: number;
            /** @description Whether every item was taken, or had been before. */
            success: boolean;
            /** @description How many items were applied or duplicates. */
            totalSynced: number;
        };
        /** @description What became of an item. */
        BulkSyncResult: {
            /** @description Its place in progressItems, from 0 on. */
            index: number;
            /** @description As sent. */
            mutationId?: string;
            /** @description Why, where there is something to say. */
            reason?: string;
            /** @description Of a conflict: the row as it stands. */
            server?: components["schemas"]["StitchServerRow"];
            /** @description applied, duplicate, conflict or rejected. */
            status: string;
            /** @description As sent; null where it could not be read. */
            stitchId: string | null;
            /** @description As sent; null where it could not be read. */
            threadId: string | null;
        };
        /** @description What became of a cascade undone. */
        CascadeUndone: {
            /** @description The event. */
            eventId: string;
            /** @description Rows that somebody has touched since: they stay as they are. */
            left: components["schemas"]["PropagatedRow"][];
            /** @description Rows that are again as they were before the event. */
            restored: components["schemas"]["PropagatedRow"][];
            /** @description The learner's revision afterwards. */
            revision: number;
            /** @description Always true here. */
            success: boolean;
        };
        /** @description A chapter. */
        Chapter: {
            /** @description Its course. */
            courseId: number;
            /** @description The chapter. */
            id: number;
            /** @description Its place in the course. */
            position: number;
            /** @description Its title. */
            title: string;
        };
        /** @description A finished chapter. */
        ChapterComplete: {
            /** @description The chapter that the student has finished. */
            chapterId: number;
        };
        /** @description A new chapter. */
        ChapterCreate: {
            /** @description Its course. */
            courseId: number;
            /** @description Its place in the course; a new one comes last where none is given. */
            position?: number;
            /** @description Its title. */
            title: string;
        };
        /** @description What is to change; what is not sent stays. */
        ChapterPatch: {
            /** @description Its place in the course; a new one comes last where none is given. */
            position?: number;
            /** @description Its title. */
            title?: string;
        };
        /** @description The chapters of a course. */
        Chapters: {
            /** @description In their order. */
            chapters: components["schemas"]["Chapter"][];
        };
        /** @description Who the learner was before. */
        ClaimBody: {
            /**
             * @description The anonymous learner's token; one that has expired will do.
             * @example eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyXzcifQ.c2lnbmF0dXJl
             */
            anonymousToken: string;
        };
        /** @description An anonymous learner was claimed. */
        ClaimReply: {
            /** @description The anonymous learner who became part of it. */
            anonymousUserId: number;
            /** @description What was done, in a sentence. */
            message: string;
            /** @description The learner's revision; what a client knows from before is to be read anew. */
            revision: number;
            /** @description True. */
            success: boolean;
            /** @description The learner who has it all now. */
            userId: number;
        };
        /** @description An event in conflict. */
        ConflictingEvent: {
            /** @description What it says, as it came. Not in the reply to an event. */
            eventData?: unknown;
            /**
             * @description What happened.
             * @enum {string}
             */
            eventType: "video_completed" | "todo_completed" | "schedule_completed" | "milestone_reached" | "skill_assessed" | "path_progress_updated";
            /**
             * Format: date-time
             * @description The moment that it counts for, or would.
             */
            happenedAt: string;
            /** @description The event. */
            id: string;
            /** @description applied: it counts; conflict: it waits; superseded: decided against; duplicate: set aside. */
            outcome: string;
            /**
             * @description Which system tells of it.
             * @enum {string}
             */
            sourceSystem: "video_player" | "todo_manager" | "calendar_service" | "ai_journey" | "learning_path_generator" | "chat_system";
            /**
             * Format: date-time
             * @description The client's clock.
             */
            timestamp: string;
        };
        /** @description One of the four resolutions. */
        ConflictOption: {
            /** @description Whether it is the one that is suggested. */
            isSuggested: boolean;
            /** @description What it would make of it; of manual_review what userData would be laid over. */
            resolution: components["schemas"]["ConflictResolution"];
            /** @description Whether the activity, which is completed, would be so no longer. */
            takesBackCompletion: boolean;
        };
        /** @description What each resolution would make of a conflict. */
        ConflictPreview: {
            /** @description The conflict. */
            id: number;
            /** @description All four. */
            resolutions: components["schemas"]["ConflictOption"][];
        };
        /** @description What a resolution makes of a conflict. */
        ConflictResolution: {
            /** @description How sure that is; 0 of one that is not suggested. */
            confidence: number;
            /**
             * Format: date-time
             * @description The moment that it then counts for.
             */
            happenedAt: string;
            /** @description Why, in a sentence. */
            reasoning: string;
            /** @description use_latest, use_most_complete, merge_data or manual_review. */
            resolutionType: string;
            /** @description What it makes of the events: eventData of the one that carries it. */
            resolvedData: unknown;
            /** @description The event that carries it. */
            winner: string;
        };
        /** @description What a decision came to. */
        ConflictResolved: {
            /** @description Earned by it. */
            achievements: components["schemas"]["Achievement"][];
            /** @description As it was resolved. */
            conflict: components["schemas"]["ProgressConflict"];
            /** @description In a sentence. */
            message: string;
            /** @description Reached by it. */
            milestonesReached: components["schemas"]["Milestone"][];
            /** @description The learner's revision afterwards. */
            revision: number;
            /** @description Always true here. */
            success: boolean;
        };
        /** @description The learner's conflicts. */
        Conflicts: {
            /** @description The latest first. */
            conflicts: components["schemas"]["ProgressConflict"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
        };
        /** @description Where a polling client stands. */
        Connection: {
            /** @description What was done since, oldest first. */
            changes: components["schemas"]["ConnectionChange"][];
            /**
             * Format: int64
             * @description Open courses that the student is enrolled in.
             */
            enrolledCourses: number;
            /**
             * Format: int64
             * @description Requests that wait to be decided.
             */
            pendingRequests: number;
            /**
             * Format: int64
             * @description When to ask again.
             */
            pollIntervalMs: number;
            /** @description The way from `since` to now cannot be told: read everything anew. */
            resync: boolean;
            /** @description The learner's revision: the next `since`. */
            revision: number;
            /**
             * Format: date-time
             * @description The server's clock.
             */
            serverTime: string;
        };
        /** @description One operation. */
        ConnectionChange: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description What moved: a list of {what, key, by, because}. */
            changes: unknown;
            /** @description What was done. */
            kind: string;
            /** @description The revision that it made. */
            revision: number;
        };
        /** @description A course. */
        Course: {
            /**
             * Format: int64
             * @description How many chapters it has.
             */
            chapters: number;
            /**
             * Format: date-time
             * @description When it came to be.
             */
            createdAt: string;
            /** @description The price's currency. */
            currency: string;
            /** @description What it is about. */
            description: string | null;
            /**
             * Format: int64
             * @description How many are enrolled, cancelled ones not counted.
             */
            enrolledStudents: number;
            /** @description The course. */
            id: number;
            /** @description Granted to every student. */
            isDefaultUnlocked: boolean;
            /** @description Students may enrol by themselves, where it has no price. */
            isPublic: boolean;
            /** @description Its price in hundredths; 0: free. */
            priceCents: number;
            /** @description In lower case, whatever the row holds. */
            status: string;
            /** @description Its title. */
            title: string;
        };
        /** @description A new course; a draft by default. */
        CourseCreate: {
            /** @description The price's currency, as ISO 4217 calls it; usd where none is given. */
            currency?: string;
            /** @description What it is about. */
            description?: string | null;
            /** @description Granted to every student. */
            isDefaultUnlocked?: boolean;
            /** @description Students may enrol by themselves, where it has no price. */
            isPublic?: boolean;
            /** @description Its price in hundredths; 0: free. */
            priceCents?: number;
            /** @description draft, published, active or archived, in any letter case; students see the second and third. */
            status?: string;
            /** @description The course's title. */
            title: string;
        };
        /** @description A course to enrol in. */
        CourseJoin: {
            /** @description The course. */
            courseId: number;
        };
        /** @description What is to change; what is not sent stays. */
        CoursePatch: {
            /** @description The price's currency, as ISO 4217 calls it; usd where none is given. */
            currency?: string;
            /** @description What it is about. */
            description?: string | null;
            /** @description Granted to every student. */
            isDefaultUnlocked?: boolean;
            /** @description Students may enrol by themselves, where it has no price. */
            isPublic?: boolean;
            /** @description Its price in hundredths; 0: free. */
            priceCents?: number;
            /** @description draft, published, active or archived, in any letter case; students see the second and third. */
            status?: string;
            /** @description The course's title. */
            title?: string;
        };
        /** @description A course of the student's own, chapter by chapter. */
        CourseProgress: {
            /** @description In their order. */
            chapters: components["schemas"]["StudentChapter"][];
            /**
             * Format: date-time
             * @description When it was completed.
             */
            completedAt: string | null;
            /**
             * Format: int64
             * @description Chapters completed.
             */
            completedChapters: number;
            /** @description What it is about. */
            description: string | null;
            /**
             * Format: date-time
             * @description Since when.
             */
            enrolledAt: string;
            /** @description active or completed. */
            enrollmentStatus: string;
            /** @description The course. */
            id: number;
            /**
             * Format: date-time
             * @description When a chapter was last completed.
             */
            lastAccessedAt: string | null;
            /** @description Percent of the course, two decimals; never null. */
            progress: number;
            /** @description How the enrollment came to be: admin, payment, request, public or default. */
            source: string;
            /** @description published or active. */
            status: string;
            /** @description Its title. */
            title: string;
            /**
             * Format: int64
             * @description Chapters that the course has.
             */
            totalChapters: number;
        };
        /** @description A page of courses. */
        Courses: {
            /** @description A page of courses, by id. */
            courses: components["schemas"]["Course"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
        };
        /** @description The student's own courses, chapter by chapter. */
        CoursesProgress: {
            /** @description The open courses that the student is enrolled in, by id. */
            courses: components["schemas"]["CourseProgress"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
        };
        /** @description What a learner sees first. */
        Dashboard: {
            /** @description The profile in figures. */
            profile: components["schemas"]["DashboardProfile"];
            /** @description Stitches completed. */
            progress: components["schemas"]["DashboardProgress"];
            /** @description The latest sessions, newest first. */
            recentSessions: components["schemas"]["DashboardSession"][];
            /** @description The learner. */
            userId: number;
        };
        /** @description The profile in figures. */
        DashboardProfile: {
            /** @description Average seconds an answer takes. */
            blinkSpeed: number;
            /**
             * @description How the five latest known speeds compare with the average: less than 0.9 of it is improving, more than 1.1 declining; steady in between, and with fewer than five.
             * @enum {string}
             */
            blinkSpeedTrend: "steady" | "improving" | "declining";
            /** @description The name that others see; empty where there is none. */
            displayName: string;
            /**
             * Format: int64
             * @description Level reached by points.
             */
            evolutionLevel: number;
            /** @description Whether a subscription is in force. */
            isSubscribed: boolean;
            /**
             * Format: date-time
             * @description When the latest session was completed.
             */
            lastSessionDate: string | null;
            /**
             * Format: int64
             * @description Days in a row up to today or yesterday.
             */
            streakDays: number;
            /**
             * Format: int64
             * @description Points of all sessions.
             */
            totalPoints: number;
            /**
             * Format: int64
             * @description Sessions recorded.
             */
            totalSessions: number;
        };
        /** @description How far the learner is. */
        DashboardProgress: {
            /**
             * @description Stitches completed, by thread; threads without any are left out.
             * @example {
             *       "thread-T1-001": 4
             *     }
             */
            threadProgress: unknown;
            /** @description Stitches completed. */
            totalStitchesCompleted: number;
        };
        /** @description The learner's dashboard. */
        DashboardReply: {
            /** @description The dashboard. */
            dashboard: components["schemas"]["Dashboard"];
            /** @description Always true here. */
            success: boolean;
        };
        /** @description A session, by the names that it is stored under. */
        DashboardSession: {
            /** @description Correct answers in percent, two decimals. */
            accuracy: number;
            /**
             * Format: date-time
             * @description When it was completed.
             */
            completed_at: string;
            /** @description The session. */
            id: string;
            /** @description The stitch that was practised. */
            stitch_id: string;
            /** @description The thread that was practised. */
            thread_id: string;
            /** @description Points earned. */
            total_points: number;
        };
        /** @description A row that is gone. */
        Deleted: {
            /** @description What is gone. */
            id: string;
            /** @description The learner's revision. */
            revision: number;
            /** @description Always true here. */
            success: boolean;
        };
        /** @description A learner on the way out. */
        DeleteUserReply: {
            /** @description The job; its report lists what was erased. */
            jobId: number;
            /** @description What is being done. */
            message: string;
            /** @description Always true here. */
            success: boolean;
        };
        /** @description A deletion as a job. */
        DeletionAccepted: {
            /** @description The job. */
            jobId: number;
            /** @description What will be done, in a sentence. */
            message: string;
            /** @description True. */
            success: boolean;
        };
        /** @description A course of the student's own. */
        EnrolledCourse: {
            /**
             * Format: date-time
             * @description When it was completed.
             */
            completedAt: string | null;
            /**
             * Format: int64
             * @description Chapters completed.
             */
            completedChapters: number;
            /** @description What it is about. */
            description: string | null;
            /**
             * Format: date-time
             * @description Since when.
             */
            enrolledAt: string;
            /** @description active or completed. */
            enrollmentStatus: string;
            /** @description The course. */
            id: number;
            /**
             * Format: date-time
             * @description When a chapter was last completed.
             */
            lastAccessedAt: string | null;
            /** @description Percent of the course, two decimals; never null. */
            progress: number;
            /** @description How the enrollment came to be: admin, payment, request, public or default. */
            source: string;
            /** @description published or active. */
            status: string;
            /** @description Its title. */
            title: string;
            /**
             * Format: int64
             * @description Chapters that the course has.
             */
            totalChapters: number;
        };
        /** @description The student's own courses. */
        EnrolledCourses: {
            /** @description The open courses that the student is enrolled in, by id. */
            courses: components["schemas"]["EnrolledCourse"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
        };
        /** @description An enrollment after a change. */
        EnrollmentDone: {
            /**
             * Format: int64
             * @description Chapters completed.
             */
            completedChapters: number;
            /** @description The course. */
            courseId: number;
            /** @description What was done, in a sentence. */
            message: string;
            /** @description Percent of the course, two decimals; it never falls. */
            progress: number;
            /** @description The student's revision. */
            revision: number;
            /** @description active, completed or cancelled. */
            status: string;
            /** @description True. */
            success: boolean;
            /** @description The course's title. */
            title: string;
            /**
             * Format: int64
             * @description Chapters that the course has.
             */
            totalChapters: number;
            /** @description The student. */
            userId: number;
        };
        /** @description A part of the list. */
        EnrollmentExport: {
            /** @description Lines that an import takes back, safe to open in a spreadsheet; the first part begins with the names of the columns. The list is the parts, one behind the other. */
            csv: string;
            /** @description Where the next part goes on; null at the end. */
            nextAfter: number | null;
        };
        /** @description A list of enrollments. */
        EnrollmentList: {
            /** @description At most 1,000 lines of CSV. The first names the columns: userId, username or subject, courseId, and status; a longer list is brought in parts that each begin with it. */
            csv: string;
            /** @description Say what would happen, and do nothing. */
            dryRun?: boolean;
            /**
             * @description Added to the numbers of lines: how many lines of the whole list come before this part, without the header.
             * @default 0
             */
            lineOffset: number;
            /**
             * @description How many enrollments lines of the status cancelled may remove; else nothing of it is done. A dry run counts them.
             * @default 0
             */
            maxRemovals: number;
        };
        /** @description What became of a list. */
        EnrollmentListDone: {
            /** @description Lines that cannot be taken; they harm no other. */
            bad: components["schemas"]["EnrollmentListLine"][];
            /** @description Newly enrolled. */
            enrolled: number;
            /** @description Enrolled who had been unenrolled. */
            enrolledAgain: number;
            /** @description Lines of the list, without its header. */
            lines: number;
            /** @description Stood in one table only, or with a pending request. */
            mended: number;
            /** @description Say again what an earlier line of this list said. */
            repeated: number;
            /** @description Whether every line could be taken. */
            success: boolean;
            /** @description So already. */
            unchanged: number;
            /** @description Unenrolled by a line of the status cancelled. */
            unenrolled: number;
            /** @description Whether it was done; else what follows would be. */
            written: boolean;
        };
        /** @description A line that cannot be taken. */
        EnrollmentListLine: {
            /** @description The column that it is about; null: the whole line. */
            column: string | null;
            /** @description The last one, of a row that spans several. */
            lastLine: number;
            /** @description From 1, the header's. */
            line: number;
            /** @description The line as it stands in the list. */
            text: string;
            /** @description Why it cannot be taken. */
            why: string;
        };
        /** @description A student and a course. */
        EnrollmentPair: {
            /** @description The course. */
            courseId: number;
            /** @description The student. */
            userId: number | string;
        };
        /** @description How the systems are in step. */
        EventHealth: {
            /**
             * Format: date-time
             * @description Now.
             */
            asOf: string;
            /** @description Of a learner, those between which something has happened. Of everybody, all; what waits is counted up to 2000. */
            pairs: components["schemas"]["SystemPair"][];
            /**
             * @description That of the worst pair.
             * @enum {string}
             */
            status: "healthy" | "conflict" | "delayed" | "failed";
            /** @description Whose; absent: everybody's. */
            userId?: number;
        };
        /** @description What to put right. */
        EventRepair: {
            /** @description Repair; otherwise it is only said what would be repaired. */
            autoRepair?: boolean;
            /** @description Repair nothing, whatever autoRepair says. */
            dryRun?: boolean;
            /** @description Names of rules about events, or kinds of inconsistency: data_inconsistency, completion_status_conflict, timestamp_mismatch, duplicate_event, failed_event. */
            inconsistencyTypes: string[];
            /** @description Of this learner; for an administrator, of everybody where not given, by a job. */
            userId?: number | string;
        };
        /** @description One part of the whole. */
        HealthCheck: {
            /** @description What was looked at. */
            name: string;
            /**
             * @description How it is.
             * @enum {string}
             */
            state: "healthy" | "degraded" | "failing";
            /** @description The same in words; with figures for administrators. */
            summary: string;
        };
        /** @description It is well. */
        HealthReply: {
            /**
             * @description ok
             * @example ok
             */
            status: string;
        };
        /** @description A page of the learner's history. */
        History: {
            /** @description Newest first. */
            entries: components["schemas"]["HistoryEntry"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
            /** @description With ?total=: the total beside the sum of its history. */
            total?: components["schemas"]["HistoryTotal"];
        };
        /** @description One operation and what it moved. */
        HistoryEntry: {
            /** @description Who did it. */
            actor: string;
            /**
             * Format: date-time
             * @description When it was recorded.
             */
            at: string;
            /** @description What moved, by how much, and because of what: a list of {what, key, by, because}. */
            changes: unknown;
            /** @description What was done. */
            kind: string;
            /** @description The learner's revision that this entry made. */
            revision: number;
        };
        /** @description A total beside the sum of its history. */
        HistoryTotal: {
            /** @description Which total. */
            name: string;
            /**
             * Format: int64
             * @description What all entries of the history add up to; equal to value unless the total was changed around Lockstep.
             */
            sum: number;
            /**
             * Format: int64
             * @description The total now.
             */
            value: number;
        };
        /** @description The activities of one type. */
        InsightsActivity: {
            /** @description Activities that something was told of. */
            activities: number;
            /**
             * @description The type.
             * @enum {string}
             */
            activityType: "video" | "practice" | "project" | "quiz" | "milestone";
            /** @description Activities completed for the first time. */
            completed: number;
            /** @description Completed of all, in percent, two decimals. */
            completionRate: number;
            /** @description Days with one of them. */
            days: number;
            /** @description Minutes. */
            timeSpent: number;
        };
        /** @description The hour with the most completed activities. */
        InsightsHour: {
            /** @description Activities completed in it. */
            completed: number;
            /** @description The hour of the learner's clock, 0 to 23. */
            hour: number;
        };
        /** @description The period before, and how this one compares. */
        InsightsTrend: {
            /** @description Activities that something was told of. */
            activities: number;
            /** @description Activities completed for the first time. */
            completed: number;
            /** @description In percent of what was completed before; null where nothing was. */
            completedChange: number | null;
            /** @description Completed of all, in percent, two decimals. */
            completionRate: number;
            /**
             * @description rising or falling by more than a tenth of the time spent before, or of the activities completed where no time was told; steady in between.
             * @enum {string}
             */
            direction: "steady" | "rising" | "falling";
            /**
             * Format: date
             * @description The first day of the period before, of the same length.
             */
            from: string;
            /** @description Minutes. */
            timeSpent: number;
            /** @description In percent of the time before; null where there was none. */
            timeSpentChange: number | null;
            /**
             * Format: date
             * @description Its last day.
             */
            to: string;
        };
        /** @description The day of the week with the most time, or the most activities where no time was told. */
        InsightsWeekday: {
            /** @description So many such days with an activity. */
            days: number;
            /** @description Minutes, on all such days. */
            timeSpent: number;
            /**
             * @description The day of the week.
             * @enum {string}
             */
            weekday: "monday" | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday" | "sunday";
        };
        /** @description A job. */
        Job: {
            /**
             * Format: int64
             * @description Tries since it last got on.
             */
            attempts: number;
            /** @description Somebody asked for its end. */
            cancelRequested: boolean;
            /**
             * Format: date-time
             * @description When it was inserted.
             */
            createdAt: string;
            /** @description Who asked for it. */
            createdBy?: string;
            /** @description Of the jobs with it one is ready or running. */
            dedupeKey?: string;
            /**
             * Format: date-time
             * @description While it runs: when it will be done, by its pace so far.
             */
            doneExpectedAt?: string;
            /** @description How much is done. */
            doneUnits: number;
            /** @description What went wrong, last. */
            error?: string;
            /**
             * Format: date-time
             * @description When it ended.
             */
            finishedAt?: string;
            /** @description The job. */
            id: number;
            /** @description What it does. */
            kind: string;
            /**
             * Format: int64
             * @description Tries that it has.
             */
            maxAttempts: number;
            /** @description Its parameters. */
            params?: unknown;
            /** @description The job whose range this is. */
            parentId?: number;
            /**
             * Format: int64
             * @description 0 first to 9 last.
             */
            priority: number;
            /** @description A range: its first user id. */
            rangeFrom?: number;
            /** @description A range: its last user id. */
            rangeTo?: number;
            /** @description A schedule: every day at this time, UTC. */
            repeatDailyAt?: string;
            /**
             * Format: int64
             * @description A schedule: brings about a job every so many seconds.
             */
            repeatEveryS?: number;
            /** @description What it tells of itself. */
            report?: unknown;
            /**
             * Format: date-time
             * @description When it is due.
             */
            runAt: string;
            /** @description The schedule that brought it about. */
            scheduleId?: number;
            /**
             * Format: date-time
             * @description When it was first begun.
             */
            startedAt?: string;
            /**
             * @description Where it stands.
             * @enum {string}
             */
            state: "ready" | "running" | "done" | "failed" | "dead" | "cancelled";
            /** @description The repair run or pass that it works on. */
            subjectId?: number;
            /** @description How much there is to do, once known. */
            totalUnits?: number;
        };
        /** @description A kind of job. */
        JobKind: {
            /** @description What it removes does not come back. */
            isFinal: boolean;
            /**
             * @description The kind, as a job has it.
             * @example sync_user
             */
            name: string;
            /** @description What it may be told. */
            params: components["schemas"]["JobKindParam"][];
            /** @description What it does. */
            summary: string;
            /** @description What its units count. */
            unit: string;
        };
        /** @description A parameter of a kind of job. */
        JobKindParam: {
            /** @description A choice: one of these. */
            choices?: string[];
            /** @description What counts where it is not said. */
            default?: string;
            /** @description There is no job without it. */
            isRequired: boolean;
            /** @description As it stands in params. */
            name: string;
            /** @description What it says. */
            summary: string;
            /**
             * @description What it takes; learner: a learner's id; list: of texts.
             * @enum {string}
             */
            type: "boolean" | "integer" | "number" | "text" | "time" | "day" | "choice" | "json" | "list" | "learner";
        };
        /** @description The kinds of jobs. */
        JobKinds: {
            /** @description Every kind that there is. */
            kinds: components["schemas"]["JobKind"][];
        };
        /** @description A job to be inserted. */
        JobOrder: {
            /** @description Refused with 409 while another job with it is ready or running. */
            dedupeKey?: string;
            /**
             * @description What is to be done.
             * @example sync_user
             */
            kind: string;
            /**
             * Format: int64
             * @description Tries, where a failure may pass.
             * @default 5
             */
            maxAttempts: number;
            /**
             * @description The kind's parameters.
             * @example {
             *       "userId": 7
             *     }
             */
            params?: unknown;
            /**
             * Format: int64
             * @description 0 first to 9 last.
             * @default 5
             */
            priority: number;
            /**
             * @description Makes it a schedule: a job every day at this time, UTC.
             * @example 03:15:00
             */
            repeatDailyAt?: string;
            /**
             * Format: int64
             * @description Makes it a schedule: a job every so many seconds.
             */
            repeatEveryS?: number;
            /**
             * Format: date-time
             * @description When; at once where it is not said.
             */
            runAt?: string;
        };
        /** @description Ranges of a job, by their state. */
        JobRanges: {
            /**
             * Format: int64
             * @description Cancelled.
             */
            cancelled: number;
            /**
             * Format: int64
             * @description Given up.
             */
            dead: number;
            /**
             * Format: int64
             * @description Done.
             */
            done: number;
            /**
             * Format: int64
             * @description Failed.
             */
            failed: number;
            /**
             * Format: int64
             * @description Waiting.
             */
            ready: number;
            /**
             * Format: int64
             * @description Being worked on.
             */
            running: number;
        };
        /** @description A page of jobs. */
        Jobs: {
            /** @description Newest first. */
            jobs: components["schemas"]["Job"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
        };
        /** @description A job and its ranges. */
        JobShown: {
            /** @description The job. */
            job: components["schemas"]["Job"];
            /** @description How many of its ranges are in which state; none where it was not split. */
            ranges: components["schemas"]["JobRanges"];
        };
        /** @description A learning path with its steps and progress. */
        LearningPath: {
            /** @description Whether its status is completed. */
            completed: boolean;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /** @description The path. */
            id: string;
            /** @description How far the learner is. */
            progress: components["schemas"]["PathProgress"];
            /**
             * @description Whether the learner is on it.
             * @enum {string}
             */
            status: "active" | "completed" | "abandoned";
            /** @description Its steps, in their order. */
            steps: components["schemas"]["PathStep"][];
            /** @description Where it leads. */
            title: string;
            /**
             * Format: date-time
             * @description When it last changed, its steps aside.
             */
            updatedAt: string;
        };
        /** @description A new learning path. */
        LearningPathCreate: {
            /**
             * @description The client's own id of it: a repeat with the same id gets the first reply.
             * @example path-417
             */
            id?: string | null;
            /** @description Its steps, in their order. */
            steps?: components["schemas"]["PathStepItem"][];
            /** @description Where it leads. */
            title: string;
        };
        /** @description What is to change of a path. */
        LearningPathPatch: {
            /**
             * @description Whether the learner is on it. completed only where no step is open; that is an event.
             * @enum {string}
             */
            status?: "active" | "completed" | "abandoned";
            /** @description All its steps, in their order: those that it has keep how far they are, others are put in, and what is not named is taken away. */
            steps?: components["schemas"]["PathStepItem"][];
            /** @description Where it leads. */
            title?: string;
        };
        /** @description A learning path that was made or changed. */
        LearningPathReply: {
            /** @description What else was completed with it, in other systems. */
            alsoCompleted: components["schemas"]["AlsoCompleted"][];
            /** @description What came of the completion as an event; absent where nothing was completed. */
            event?: components["schemas"]["ProgressSyncResult"];
            /** @description The path as it is now. */
            path: components["schemas"]["LearningPath"];
            /** @description The learner's revision. */
            revision: number;
            /** @description Always true here. */
            success: boolean;
        };
        /** @description Learning paths of the learner. */
        LearningPaths: {
            /** @description In the order in which they were made. */
            learningPaths: components["schemas"]["LearningPath"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: string | null;
        };
        /** @description A habit that a learner may have. */
        LearningPattern: {
            /**
             * @description How much there is.
             * @example {
             *       "part": "evening",
             *       "share": 0.62,
             *       "activities": 48,
             *       "days": 20
             *     }
             */
            evidence: unknown;
            /** @description Whether the learner has it. */
            found: boolean;
            /**
             * @description Which.
             * @enum {string}
             */
            pattern: "time_of_day" | "weekday_rhythm" | "session_length" | "consistency" | "strongest_and_weakest_module";
            /** @description In a sentence. */
            summary: string;
            /**
             * @description How much is asked for.
             * @example {
             *       "share": 0.5,
             *       "activities": 30,
             *       "days": 10
             *     }
             */
            threshold: unknown;
        };
        /** @description The learner's habits. */
        LearningPatterns: {
            /**
             * Format: date
             * @description The first day looked at.
             */
            from: string;
            /** @description All five, found or not. */
            patterns: components["schemas"]["LearningPattern"][];
            /**
             * Format: date
             * @description The last.
             */
            to: string;
        };
        /** @description A ticket for the live channel. */
        LiveTicket: {
            /**
             * Format: date-time
             * @description When it no longer opens one.
             */
            expiresAt: string;
            /** @description True. */
            success: boolean;
            /** @description For one connection: /api/progress-sync/live?ticket=…&since=<revision>. */
            ticket: string;
        };
        /** @description How far a learner is with something. */
        Milestone: {
            /** @description Its definition's; or the activity's, where an event told that it was reached. */
            id: string;
            /** @description How much of it there is; at most the target. */
            progress: number;
            /**
             * Format: date-time
             * @description When it was reached; null: not yet.
             */
            reachedAt: string | null;
            /** @description How much is asked for. */
            target: number;
            /** @description What it is called. */
            title: string;
        };
        /** @description A module. */
        Module: {
            /** @description Tokens that complete it. */
            goalTokens: number;
            /** @description Its name. */
            label: string;
            /** @description What answers name as their module. */
            module: string;
        };
        /** @description What there is to practise. */
        Modules: {
            /** @description In the order in which they are to be shown. */
            modules: components["schemas"]["Module"][];
        };
        /** @description What a learner is to be told. */
        Notification: {
            /**
             * Format: date-time
             * @description When there was something to tell.
             */
            createdAt: string;
            /**
             * @description What a page needs to show it.
             * @example {
             *       "id": "first-step",
             *       "type": "completion",
             *       "title": "First step"
             *     }
             */
            data: unknown;
            /** @description To mark it as read by. */
            id: number;
            /** @description achievement_earned, milestone_reached or conflict_detected. */
            kind: string;
            /**
             * Format: date-time
             * @description When it was read; null: not yet.
             */
            readAt: string | null;
        };
        /** @description What was read. */
        NotificationRead: {
            /** @description As it is now; once read, readAt stays. */
            notification: components["schemas"]["Notification"];
            /** @description The learner's revision afterwards. */
            revision: number;
            /** @description True. */
            success: boolean;
        };
        /** @description What there is to tell. */
        Notifications: {
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
            /** @description Newest first. */
            notifications: components["schemas"]["Notification"][];
            /** @description How many were not read, on all pages. */
            unread: number;
        };
        /** @description The sums over all activities. */
        OverallProgress: {
            /** @description Of those, completed ones. */
            completedActivities: number;
            /**
             * Format: int64
             * @description Days in a row up to today or yesterday.
             */
            currentStreak: number;
            /** @description And those begun; the rest was skipped. */
            inProgressActivities: number;
            /** @description Completed of all, in percent, rounded down to two decimals. */
            percentageComplete: number;
            /** @description Activities that an event tells of. */
            totalActivities: number;
            /** @description Minutes. */
            totalTimeSpent: number;
        };
        /** @description How far the learner is on a path. */
        PathProgress: {
            /**
             * Format: date-time
             * @description When the last step was completed.
             */
            completedAt: string | null;
            /** @description Steps that are completed. */
            completedSteps: number;
            /** @description The first that is open; null: none. */
            currentStepId: string | null;
            /** @description The same in per cent, rounded down to hundredths. */
            percentage: number;
            /** @description Of so many. */
            totalSteps: number;
        };
        /** @description Of a step of a learning path. */
        PathProgressData: {
            /** @description How hard the learner found it. */
            difficultyRating?: number | null;
            /** @description The learning path. */
            pathId: string;
            /** @description Skills that it taught. */
            skillsLearned?: string[] | null;
            /** @description Its step. */
            stepId: string;
            /** @description Which step it is; at most totalSteps. */
            stepIndex?: number | null;
            /** @description How many steps the path has. */
            totalSteps?: number | null;
        };
        /** @description How far a learning path has come. */
        PathProgressSummary: {
            /**
             * Format: date-time
             * @description When its last step was completed.
             */
            completedAt: string | null;
            /** @description Steps completed. */
            completedSteps: number;
            /** @description The step that comes next. */
            currentStepId: string | null;
            /** @description The path. */
            pathId: string;
            /** @description Completed of all, in percent. */
            percentageComplete: number;
            /** @description active, completed or abandoned. */
            status: string;
            /** @description What it is called. */
            title: string;
            /** @description All steps. */
            totalSteps: number;
        };
        /** @description A step of a learning path. */
        PathStep: {
            /** @description The activity that completes it; null: it is one of its own. */
            activityId: string | null;
            /** @description What kind of activity it is. */
            activityType: string | null;
            /** @description Whether its status is completed. */
            completed: boolean;
            /**
             * Format: date-time
             * @description When it was completed.
             */
            completedAt: string | null;
            /** @description What is learned by it. */
            skills: string[];
            /**
             * @description How far it is.
             * @enum {string}
             */
            status: "pending" | "in_progress" | "completed" | "skipped";
            /** @description The step, on its path. */
            stepId: string;
            /** @description Its place, from 0. */
            stepIndex: number;
            /** @description What there is to do. */
            title: string;
        };
        /** @description A step as it is sent with its path. */
        PathStepItem: {
            /** @description Which one: with activityType, or neither. */
            activityId?: string;
            /**
             * @description What kind of activity completes it.
             * @enum {string}
             */
            activityType?: "video" | "practice" | "project" | "quiz" | "milestone";
            /** @description What is learned by it. */
            skills?: string[];
            /** @description Its id on the path; step-1, step-2 … by its place, when not sent. */
            stepId?: string;
            /**
             * @description What there is to do.
             * @default
             */
            title: string;
        };
        /** @description What is to change of a step. */
        PathStepPatch: {
            /** @description Which one. */
            activityId?: string | null;
            /**
             * @description What kind of activity completes it; null: it is one of its own.
             * @enum {string|null}
             */
            activityType?: "video" | "practice" | "project" | "quiz" | "milestone" | null;
            /**
             * Format: date-time
             * @description When it was completed; now, when not sent. At most offline.max_age_days ago.
             */
            completedAt?: string;
            /** @description How hard the learner found it: goes with its event. */
            difficultyRating?: number;
            /** @description What is learned by it. */
            skills?: string[];
            /**
             * @description How far it is. Completing it is an event; opening it again is none.
             * @enum {string}
             */
            status?: "pending" | "in_progress" | "completed" | "skipped";
            /** @description What there is to do. */
            title?: string;
        };
        /** @description A step that was changed. */
        PathStepReply: {
            /** @description What else was completed with it, in other systems. */
            alsoCompleted: components["schemas"]["AlsoCompleted"][];
            /** @description What came of the completion as an event; absent where nothing was completed. */
            event?: components["schemas"]["ProgressSyncResult"];
            /** @description Its path. */
            pathId: string;
            /** @description How far the learner is on the path. */
            progress: components["schemas"]["PathProgress"];
            /** @description The learner's revision. */
            revision: number;
            /** @description The step as it is now. */
            step: components["schemas"]["PathStep"];
            /** @description Always true here. */
            success: boolean;
        };
        /** @description A payment. */
        Payment: {
            /**
             * Format: int64
             * @description What was paid, in the currency's smallest unit.
             */
            amountCents: number | null;
            /** @description What for; null likewise. */
            courseId: number | null;
            /** @description The course's. */
            courseTitle: string | null;
            /**
             * Format: date-time
             * @description When it was first told of.
             */
            createdAt: string;
            /** @description Three letters. */
            currency: string | null;
            /**
             * Format: date-time
             * @description When its learner was deleted.
             */
            erasedAt: string | null;
            /**
             * Format: date-time
             * @description When it enrolled.
             */
            grantedAt: string | null;
            /** @description The payment. */
            id: number;
            /** @description What was paid is not the course's price, so that it enrols nobody. */
            mismatch: boolean;
            /** @description What the course costs today, to hold against what was paid. */
            priceCents: number | null;
            /** @description In what. */
            priceCurrency: string | null;
            /** @description stripe */
            provider: string;
            /** @description The payment intent. */
            providerRef: string;
            /**
             * Format: int64
             * @description What of it was paid back.
             */
            refundedCents: number;
            /**
             * Format: date-time
             * @description When its refund took that back.
             */
            revokedAt: string | null;
            /** @description pending, paid, failed, or refunded (in full). */
            status: string;
            /**
             * Format: date-time
             * @description When it last changed.
             */
            updatedAt: string;
            /** @description Whose; null while nothing says so, or when the learner is gone. */
            userId: number | null;
        };
        /** @description A page of payments. */
        Payments: {
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
            /** @description Newest first. */
            payments: components["schemas"]["Payment"][];
        };
        /** @description A request to be decided. */
        PendingRequest: {
            /** @description The course. */
            courseId: number;
            /** @description The course's title. */
            courseTitle: string;
            /** @description The student's name that others see. */
            displayName: string | null;
            /** @description The request. */
            id: number;
            /** @description Why the student wants access. */
            reason: string | null;
            /**
             * Format: date-time
             * @description When it was asked.
             */
            requestedAt: string;
            /** @description Who asks. */
            studentId: number;
            /** @description The student's name to sign in with. */
            username: string | null;
        };
        /** @description A page of requests. */
        PendingRequests: {
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
            /** @description Oldest first. */
            requests: components["schemas"]["PendingRequest"][];
        };
        /** @description A practice session. */
        PracticeSession: {
            /** @description Of them, correct ones. */
            correctAnswers: number;
            /**
             * Format: date-time
             * @description When it was ended; null: not yet.
             */
            endedAt: string | null;
            /** @description Its id: an answer names it as practiceSessionId. */
            id: number;
            /**
             * Format: date-time
             * @description When it was started.
             */
            startedAt: string;
            /** @description Answers that named it. */
            totalExercises: number;
        };
        /** @description The end of a practice session. */
        PracticeSessionEnd: {
            /**
             * Format: date-time
             * @description When it was ended; now, when not sent.
             */
            endedAt?: string;
        };
        /** @description A session that was started or ended. */
        PracticeSessionReply: {
            /** @description The learner's revision. */
            revision: number;
            /** @description The session as it is now. */
            session: components["schemas"]["PracticeSession"];
            /** @description Always true here. */
            success: boolean;
        };
        /** @description The learner's practice sessions. */
        PracticeSessions: {
            /** @description Where the next page goes on; null at the end. */
            nextAfter: string | null;
            /** @description Newest first. */
            sessions: components["schemas"]["PracticeSession"][];
        };
        /** @description A practice session that begins. */
        PracticeSessionStart: {
            /** @description The client's own id of this start: a repeat with the same id gets the first reply. */
            sessionId?: string;
            /**
             * Format: date-time
             * @description When it was started; now, when not sent. At most offline.max_age_days old.
             */
            startedAt?: string;
        };
        /** @description What went wrong (RFC 9457). success, message and error say the same for clients that look for those. */
        Problem: {
            /** @description One sentence about this occurrence. */
            detail: string;
            error: string;
            /** @description Complaints by field. */
            errors: {
                field: string;
                message: string;
            }[];
            /** @description The path that was asked for. */
            instance: string;
            message: string;
            /** @description Finds the request in the log. */
            requestId: string;
            /** @description The HTTP status. */
            status: number;
            /** @constant */
            success: false;
            /** @description The status in words. */
            title: string;
            /** @description One word a kind of problem, as a URN. */
            type: string;
        };
        /** @description A learner's profile. */
        Profile: {
            /** @description Average seconds an answer takes. */
            blinkSpeed: number;
            /**
             * Format: date-time
             * @description Since when the learner is known.
             */
            createdAt: string;
            /**
             * Format: int64
             * @description Days in a row up to today or yesterday.
             */
            currentStreak: number;
            /** @description The name that others see. */
            displayName: string | null;
            /**
             * Format: int64
             * @description Level reached by points.
             */
            evolutionLevel: number;
            /** @description Not signed in yet. */
            isAnonymous: boolean;
            /** @description Whether a subscription is in force. */
            isSubscribed: boolean;
            /**
             * Format: date
             * @description The last day practised, on the learner's calendar.
             */
            lastPracticeDate: string | null;
            /**
             * Format: date-time
             * @description When a session was last recorded.
             */
            lastSessionAt: string | null;
            /**
             * Format: int64
             * @description The longest run ever.
             */
            longestStreak: number;
            /** @description The learner's revision. */
            revision: number;
            /** @description The payment provider's id of the learner. */
            stripeCustomerId: string | null;
            /** @description The payment provider's id of the latest subscription. */
            subscriptionId: string | null;
            /** @description As the payment provider calls it. */
            subscriptionStatus: string | null;
            /** @description Where the learner's days begin and end. */
            timeZone: string;
            /**
             * Format: int64
             * @description Points of all sessions.
             */
            totalPoints: number;
            /**
             * Format: int64
             * @description Sessions recorded.
             */
            totalSessions: number;
            /** @description The learner. */
            userId: number;
            /** @description The name to sign in with. */
            username: string | null;
        };
        /** @description What is to change; what is not sent stays. */
        ProfilePatch: {
            /** @description The name that others see; null takes it away. */
            displayName?: string | null;
            /**
             * @description Where the learner's days begin and end.
             * @example Europe/Lisbon
             */
            timeZone?: string;
        };
        /** @description Everything the progress page shows, as of one moment. */
        Progress: {
            /** @description The totals and where they stand among all learners. */
            globalStats: components["schemas"]["ProgressStats"];
            /** @description First the whole, then the modules. */
            progress: components["schemas"]["ProgressEntry"][];
            /** @description The learner's streak today. */
            streak: components["schemas"]["ProgressStreak"];
        };
        /** @description Events that contradict each other about one activity. */
        ProgressConflict: {
            /** @description The activity. */
            activityId: string;
            /**
             * @description What kind of activity it is about.
             * @enum {string}
             */
            activityType: "video" | "practice" | "project" | "quiz" | "milestone";
            /** @description In the order in which they were taken in. */
            conflictingEvents: components["schemas"]["ConflictingEvent"][];
            /**
             * @description In what the events contradict each other.
             * @enum {string}
             */
            conflictType: "completion_status_conflict" | "data_inconsistency" | "timestamp_mismatch" | "duplicate_event";
            /**
             * Format: date-time
             * @description When it was found.
             */
            createdAt: string;
            /** @description To preview and resolve it by. */
            id: number;
            /**
             * @description How grave it is.
             * @enum {string}
             */
            impact: "low" | "medium" | "high";
            /** @description Whether it was, or is, the learner's to decide. */
            requiresUserInput: boolean;
            /** @description What was done about it. */
            resolution?: components["schemas"]["ConflictResolution"];
            /**
             * Format: date-time
             * @description When.
             */
            resolvedAt?: string;
            /** @description settlement, where nobody was asked; else who decided. */
            resolvedBy?: string;
            /** @description The learner's revision in which it last changed. */
            revision: number;
            /**
             * @description unresolved: it waits for the learner.
             * @enum {string}
             */
            status: "unresolved" | "resolved";
            /** @description What would be done about it. */
            suggestedResolution: components["schemas"]["ConflictResolution"];
        };
        /** @description The whole, or one module. */
        ProgressEntry: {
            /** @description Percent. */
            accuracy: number;
            /** @description overall, or the module's key. */
            category: string;
            /** @description Percent of the goal, at most 100. */
            completion: number;
            /**
             * Format: int64
             * @description Of them, correctly.
             */
            correctAnswers: number;
            /** @description A name for people. */
            label: string;
            /** @description What is stored, under its stored names. */
            moduleData: unknown;
            /**
             * Format: int64
             * @description Questions answered.
             */
            questionsAnswered: number;
            /**
             * Format: int64
             * @description Tokens.
             */
            score: number;
        };
        /** @description A progress event, read back. */
        ProgressEvent: {
            /** @description Which one. */
            activityId: string;
            /** @description What it is about, as it counts. */
            activityType: string;
            /** @description What became of it, as it counts. */
            completionStatus: string;
            /** @description Ids of the events that it stands or stood in a conflict with. */
            conflictsWith: string[];
            /**
             * Format: date-time
             * @description When it was taken.
             */
            createdAt: string;
            /** @description Why it waits. */
            errors: components["schemas"]["ProgressEventFailure"][];
            /** @description What it said, as it came. */
            eventData: unknown;
            /** @description What happened. */
            eventType: string;
            /**
             * Format: date-time
             * @description The moment that it counts for.
             */
            happenedAt: string;
            /** @description The event. */
            id: string;
            /** @description applied: it counts; duplicate, conflict, superseded or pending: it does not. */
            outcome: string;
            /** @description False where its processing failed, and is tried again. */
            processed: boolean;
            /** @description What counts instead, where a conflict was resolved. */
            resolvedData?: unknown;
            /**
             * Format: date-time
             * @description When it is tried next.
             */
            retryAt?: string;
            /** @description How often it was tried again. */
            retryCount: number;
            /** @description The learner's revision in which it was taken, or processed after it had waited. */
            revision: number;
            /** @description Which system told of it. */
            sourceSystem: string;
            /** @description In minutes, as it counts. */
            timeSpent: number;
            /**
             * Format: date-time
             * @description The client's clock.
             */
            timestamp: string;
            /** @description The learner. */
            userId: number;
        };
        /** @description The result of an event; of a batch, success, revision and results. */
        ProgressEventAnswer: {
            /** @description Earned by it. */
            achievements?: components["schemas"]["Achievement"][];
            /** @description What it contradicts, or repeats. */
            conflicts?: components["schemas"]["ProgressConflict"][];
            /** @description Why it was rejected, or waits. */
            errors?: components["schemas"]["ProgressEventProblem"][];
            /** @description The event's id; one was made where the client had none. */
            eventId?: string;
            /** @description Reached by it. */
            milestonesReached?: components["schemas"]["Milestone"][];
            /** @description Of a batch: one an event, in the order given. */
            results?: components["schemas"]["ProgressSyncResult"][];
            /** @description The learner's revision in which it was taken, 0 where it was not; of a batch, the learner's revision afterwards. */
            revision: number;
            /** @description applied; duplicate: another event says the same; conflict: it waits for the learner, or was decided against; rejected; pending: its processing failed and is tried again. */
            status?: string;
            /** @description Of a batch: whether all of them were applied. */
            success?: boolean;
            /** @description Every other system that is in step with it now. */
            syncedSystems?: string[];
            /** @description In milliseconds, without the commit. */
            totalProcessingTime?: number;
        };
        /** @description A progress event, as a client sends it. */
        ProgressEventBody: {
            /** @description What it says. */
            eventData: components["schemas"]["ProgressEventData"];
            /**
             * @description What happened.
             * @enum {string}
             */
            eventType: "video_completed" | "todo_completed" | "schedule_completed" | "milestone_reached" | "skill_assessed" | "path_progress_updated";
            /**
             * @description The client's own id of this event: a repeat with the same id gets the first reply.
             * @example event123
             */
            id?: string | null;
            /**
             * @description Which system tells of it.
             * @enum {string}
             */
            sourceSystem: "video_player" | "todo_manager" | "calendar_service" | "ai_journey" | "learning_path_generator" | "chat_system";
            /**
             * Format: date-time
             * @description The client's clock; now, when not sent. At most offline.max_age_days old.
             */
            timestamp?: string | null;
        };
        /** @description What an event says. */
        ProgressEventData: {
            /** @description What the learner was about; by default the video, todo, entry, step or skill below. */
            activityId?: string | null;
            /**
             * @description What kind of activity that is; by default what the event's type says.
             * @enum {string}
             */
            activityType?: "video" | "practice" | "project" | "quiz" | "milestone";
            /**
             * Format: date-time
             * @description When the activity ended; by default what the parts below say, else the timestamp.
             */
            completedAt?: string | null;
            /**
             * @description What became of it.
             * @default completed
             * @enum {string}
             */
            completionStatus: "started" | "in_progress" | "completed" | "skipped" | "failed";
            /** @description Of a step of a learning path. */
            pathProgress?: components["schemas"]["PathProgressData"] | null;
            /** @description Of a calendar entry. */
            scheduleProgress?: components["schemas"]["ScheduleProgressData"] | null;
            /** @description Of a skill. */
            skillProgress?: components["schemas"]["SkillProgressData"] | null;
            /** @description In minutes. Without it, the time that the video was watched. */
            timeSpent?: number | null;
            /** @description Of a todo. */
            todoProgress?: components["schemas"]["TodoProgressData"] | null;
            /** @description Of a video. */
            videoProgress?: components["schemas"]["VideoProgressData"] | null;
        };
        /** @description A processing that failed. */
        ProgressEventFailure: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description Why. */
            message: string;
        };
        /** @description What went wrong. */
        ProgressEventProblem: {
            /** @description Which field of the event. */
            field?: string;
            /** @description Why. */
            message: string;
            /** @description Where. */
            system?: string;
        };
        /** @description A learner's events. */
        ProgressEvents: {
            /** @description Those taken last come first. */
            events: components["schemas"]["ProgressEvent"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: string | null;
        };
        /** @description One progress event; or several, as events. */
        ProgressEventSubmission: {
            /** @description What it says. */
            eventData?: components["schemas"]["ProgressEventData"];
            /** @description Several instead of one, in the order in which they are to be taken. */
            events?: components["schemas"]["ProgressEventBody"][];
            /**
             * @description What happened.
             * @enum {string}
             */
            eventType?: "video_completed" | "todo_completed" | "schedule_completed" | "milestone_reached" | "skill_assessed" | "path_progress_updated";
            /**
             * @description The client's own id of this event: a repeat with the same id gets the first reply.
             * @example event123
             */
            id?: string | null;
            /**
             * @description Which system tells of it.
             * @enum {string}
             */
            sourceSystem?: "video_player" | "todo_manager" | "calendar_service" | "ai_journey" | "learning_path_generator" | "chat_system";
            /**
             * Format: date-time
             * @description The client's clock; now, when not sent. At most offline.max_age_days old.
             */
            timestamp?: string | null;
        };
        /** @description What some weeks add up to. */
        ProgressInsights: {
            /** @description Activities that something was told of. */
            activities: number;
            /** @description The best hour of the day; null where nothing was completed. */
            bestHour: components["schemas"]["InsightsHour"] | null;
            /** @description The best day of the week; null where nothing was told. */
            bestWeekday: components["schemas"]["InsightsWeekday"] | null;
            /** @description Activities completed for the first time. */
            completed: number;
            /** @description Completed of all, in percent, two decimals. */
            completionRate: number;
            /**
             * Format: date
             * @description The first day.
             */
            from: string;
            /** @description By type, those that something was told of. */
            perActivity: components["schemas"]["InsightsActivity"][];
            /** @description Minutes. */
            timeSpent: number;
            /**
             * Format: date
             * @description The last day.
             */
            to: string;
            /** @description The period of the same length before. */
            trend: components["schemas"]["InsightsTrend"];
        };
        /** @description The totals and where they stand among all learners. */
        ProgressStats: {
            /** @description Percent. */
            accuracy: number;
            /** @description Share of learners with strictly lower accuracy, in percent. */
            accuracyPercentile: number;
            /** @description When a repair last set them; null: never needed. */
            lastSync: string | null;
            /**
             * Format: date-time
             * @description When the percentiles were counted; null: never yet.
             */
            percentilesAsOf: string | null;
            /** @description Every place that keeps a total agreed when this was read. */
            synced: boolean;
            /** @description Share of learners with strictly fewer tokens, in percent. */
            tokenPercentile: number;
            /**
             * Format: int64
             * @description Of them, correctly.
             */
            totalCorrect: number;
            /**
             * Format: int64
             * @description Questions answered.
             */
            totalQuestions: number;
            /**
             * Format: int64
             * @description Tokens.
             */
            totalTokens: number;
        };
        /** @description The learner's streak and every day practised. */
        ProgressStreak: {
            /**
             * Format: int64
             * @description Days in a row up to today or yesterday.
             */
            current: number;
            /**
             * Format: date
             * @description The last day practised, on the learner's calendar.
             */
            lastPracticeDate: string | null;
            /**
             * Format: int64
             * @description The longest run ever.
             */
            longest: number;
            /** @description Every day practised, oldest first. */
            practiceDates: string[];
            /** @description Whether today counts already. */
            practicedToday: boolean;
        };
        /** @description What came of an event. */
        ProgressSyncResult: {
            /** @description Earned by it. */
            achievements: components["schemas"]["Achievement"][];
            /** @description What it contradicts, or repeats. */
            conflicts: components["schemas"]["ProgressConflict"][];
            /** @description Why it was rejected, or waits. */
            errors: components["schemas"]["ProgressEventProblem"][];
            /** @description The event's id; one was made where the client had none. */
            eventId: string | null;
            /** @description Reached by it. */
            milestonesReached: components["schemas"]["Milestone"][];
            /** @description The learner's revision in which it was taken, 0 where it was not; of a batch, the learner's revision afterwards. */
            revision: number;
            /** @description applied; duplicate: another event says the same; conflict: it waits for the learner, or was decided against; rejected; pending: its processing failed and is tried again. */
            status: string;
            /** @description Every other system that is in step with it now. */
            syncedSystems: string[];
            /** @description In milliseconds, without the commit. */
            totalProcessingTime: number;
        };
        /** @description A row that an event had touched. */
        PropagatedRow: {
            /** @description Its id, as in the event's propagations. */
            key: string;
            /** @description Why it was left as it is. */
            reason?: string;
            /** @description Whose row it is. */
            system: string;
            /** @description Its table. */
            table: string;
        };
        /** @description What an event brought along, and why. */
        Propagation: {
            /** @description Columns as they became. */
            after: unknown;
            /** @description Why. */
            because: string;
            /** @description Columns as they were; null where the row was put in. */
            before: unknown;
            /**
             * Format: date-time
             * @description When it happened.
             */
            createdAt: string;
            /** @description Its id. A step's is path/step, with ~ and / in the path's as ~0 and ~1; a chat mention's is activityType/activityId. */
            key: string;
            /** @description The learner's revision in which it happened. */
            revision: number;
            /** @description Whose row it is: todo_manager and so on. */
            system: string;
            /** @description Its table. */
            table: string;
            /**
             * Format: date-time
             * @description When it was undone, if it was.
             */
            undoneAt?: string | null;
            /** @description Who undid it, if it was undone. */
            undoneBy: string | null;
        };
        /** @description An event's receipts. */
        Propagations: {
            /** @description The event. */
            eventId: string;
            /** @description Every row that it touched, in the order in which one led to the other. */
            propagations: components["schemas"]["Propagation"][];
        };
        /** @description What another learner has made public. */
        PublicAchievement: {
            /** @description A sentence more. */
            description: string;
            /** @description Whose, as they call themselves; null: they have no name. */
            displayName: string | null;
            /**
             * Format: date-time
             * @description When it was earned.
             */
            earnedAt: string;
            /** @description Its definition's. */
            id: string;
            /** @description Its title. */
            title: string;
            /** @description What it is for. */
            type: string;
        };
        /** @description An item that could not be taken. */
        Reject: {
            /**
             * Format: date-time
             * @description When it first came.
             */
            createdAt: string;
            /** @description To resolve it by. */
            id: number;
            /** @description As it came; of one that is very long the beginning, as a text. */
            item: unknown;
            /** @description Why it was not taken. */
            reason: string;
            /**
             * Format: date-time
             * @description When somebody settled it; null while it waits.
             */
            resolvedAt: string | null;
            /** @description Who did. */
            resolvedBy: string | null;
            /** @description Whose. */
            userId: number;
        };
        /** @description A page of rejects. */
        Rejects: {
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
            /** @description Oldest first. */
            rejects: components["schemas"]["Reject"][];
        };
        /** @description A repair run and its rows. */
        Repair: {
            /** @description Where the next page goes on; null at the end. */
            nextAfter: string | null;
            /** @description A page of its rows, by learner. */
            rows: components["schemas"]["RepairRow"][];
            /** @description The run. */
            run: components["schemas"]["RepairRun"];
        };
        /** @description What a run did by one rule, in rows. */
        RepairCount: {
            /** @description How many of them break it still; of a plan, how many would. */
            after: number;
            /** @description Rows that broke it when the run began. */
            before: number;
            /** @description Rows that were changed; of a plan, those that would be. */
            changed: number;
            /** @description Rows left alone, because they held something else by then. */
            moved: number;
            /** @description Rows left alone, because the rule is paused for them. */
            paused: number;
            /** @description The rule. */
            rule: string;
        };
        /** @description What became of it. */
        RepairOutcome: {
            /** @description Of a dry run: the plan's digest. */
            digest?: string;
            /** @description The job that does it (202). */
            jobId?: number;
            /** @description What was done, in words. */
            message: string;
            /** @description Of a dry run: the plan to apply. */
            planId?: number;
            /** @description Its first rows; GET /api/admin/repairs/{id} has all. */
            rows?: components["schemas"]["RepairRow"][];
            /** @description The run, when it is done. */
            run?: components["schemas"]["RepairRun"];
            /** @description Always true here. */
            success: boolean;
        };
        /** @description Pauses that were ended. */
        RepairResumed: {
            /** @description Pauses that were ended. */
            ended: number;
            /** @description What was done. */
            message: string;
            /** @description Always true here. */
            success: boolean;
        };
        /** @description One column of one row, before and after. */
        RepairRow: {
            /** @description set, insert or delete. */
            action: string;
            /** @description What stands there since. */
            after: string | null;
            /** @description What stood there. */
            before: string | null;
            /** @description Of a moved one: what had changed it. */
            changedBy?: string;
            /** @description The column. */
            column: string | null;
            /** @description The row's number. */
            id: number;
            /** @description The row's primary key. */
            key: unknown;
            /** @description By which rule. */
            rule: string;
            /** @description planned; done; moved: left alone, because it held something else by then. */
            state: string;
            /** @description The table. */
            table: string;
            /** @description Whose row it is. */
            userId: number;
        };
        /** @description A repair, a plan for one, or the undoing of one. */
        RepairRun: {
            /** @description Who asked for it. */
            actor: string;
            /**
             * @description What was right where columns and document differed.
             * @enum {string}
             */
            authority: "modules" | "columns";
            /** @description Whether it was told to go on past the rules' limits. */
            confirmOverLimit: boolean;
            /** @description Rule by rule; not in lists of runs. */
            counts?: components["schemas"]["RepairCount"][];
            /** @description Of a plan: of its rows. */
            digest?: string;
            /** @description Whether it only made a plan. */
            dryRun: boolean;
            /**
             * Format: int64
             * @description How long it took.
             */
            durationMs: number | null;
            /** @description Why it did not get to its end. */
            error?: string;
            /**
             * Format: date-time
             * @description When it ended.
             */
            finishedAt: string | null;
            /** @description The run; of a dry run also the planId to apply. */
            id: number;
            /** @description The job that ran it. */
            jobId?: number;
            /** @description repair or rollback. */
            kind: string;
            /** @description Learners looked at. */
            learners: number;
            /** @description Learners changed. */
            learnersChanged: number;
            /** @description The run that undid it. */
            rolledBackBy?: number;
            /** @description The run that it undid. */
            rollsBack?: number;
            /** @description The names of its rules; null: every rule. */
            rules: unknown;
            /**
             * Format: date-time
             * @description When it began.
             */
            startedAt: string;
            /**
             * @description stopped: a limit stopped it before its first row.
             * @enum {string}
             */
            state: "planning" | "planned" | "running" | "done" | "stopped" | "failed" | "cancelled";
            /** @description The one learner that it was about; null: many. */
            userId: number | null;
        };
        /** @description A page of repair runs. */
        Repairs: {
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
            /** @description Newest first. */
            repairs: components["schemas"]["RepairRun"][];
        };
        /** @description What is tried again. */
        ReprocessEvents: {
            /** @description How many of them wait. */
            events: number;
            /** @description Jobs made for it, one a learner; fewer where one is under way already. */
            jobs: number;
            /** @description Of how many learners. */
            learners: number;
            /** @description Always true here. */
            success: boolean;
        };
        /** @description Events to be tried again. */
        ReprocessEventsBody: {
            /** @description Which events; all that wait, when not sent. */
            eventIds?: string[] | null;
            /**
             * @description immediate: now; backoff: after events.retry_s.
             * @default immediate
             * @enum {string}
             */
            strategy: "immediate" | "backoff";
            /** @description Only this learner's. */
            userId?: number | string;
        };
        /** @description What went. */
        ResetDeleted: {
            /** @description Attempts, archived ones among them. */
            attempts: number;
            /** @description Practice sessions. */
            sessions: number;
        };
        /** @description A learner who starts over. */
        ResetReply: {
            /** @description How much was deleted. */
            deleted: components["schemas"]["ResetDeleted"];
            /** @description The outcome in words. */
            message: string;
            /** @description Always true here. */
            success: boolean;
        };
        /** @description What is to be done about a conflict. */
        ResolveConflictBody: {
            /**
             * @description Which of the four.
             * @enum {string}
             */
            resolutionType: "manual_review" | "use_latest" | "use_most_complete" | "merge_data";
            /** @description For manual_review: the fields of eventData that you know better. */
            userData?: unknown;
        };
        /** @description A rule of consistency. */
        Rule: {
            /**
             * @description columns: takes part only where that authority is asked for by name.
             * @enum {string}
             */
            authority: "modules" | "columns";
            /**
             * Format: int64
             * @description A run that would change more rows stops and asks; null: no such limit.
             */
            limitRows: number | null;
            /**
             * Format: int64
             * @description The same in percent of the table; null: no such limit.
             */
            limitSharePercent: number | null;
            /** @description The rule's name. */
            name: string;
            /** @description Whether it is the site's own. */
            ofSite: boolean;
            /**
             * @description Whether it heals before a learner's progress, or courses, are read.
             * @enum {string}
             */
            onRead: "no" | "progress" | "courses" | "events";
            /**
             * Format: int64
             * @description Repairs happen in this order, from small to large.
             */
            order: number;
            /**
             * Format: date-time
             * @description Since when.
             */
            pausedAt?: string;
            /** @description Who paused it. */
            pausedBy?: string;
            /**
             * @description How bad a breach is.
             * @enum {string}
             */
            severity: "info" | "warning" | "critical";
            /**
             * @description paused: it finds, but is not repaired. left_aside: it is broken itself.
             * @enum {string}
             */
            state: "active" | "paused" | "left_aside";
            /** @description What holds. */
            summary: string;
        };
        /** @description The outcome. */
        RulePaused: {
            /** @description What was done. */
            message: string;
            /** @description Always true here. */
            success: boolean;
        };
        /** @description What a pass found by one rule. */
        RuleResult: {
            /** @description Rows that break it, paused ones included. */
            breaches: number;
            /** @description What it cost the database in the pass. */
            costMs: number;
            /** @description Learners in breach of it. */
            learners: number;
            /** @description The rule's name. */
            name: string;
            /** @description Of those, rows that no repair touches until they are resumed. */
            paused: number;
            /** @description Some of the rows that break it. */
            rows: components["schemas"]["Breach"][];
            /** @description info, warning or critical. */
            severity: string;
            /**
             * @description unknown: no pass has asked it yet. paused: it is not repaired. left_aside: it is broken itself.
             * @enum {string}
             */
            state: "unknown" | "holds" | "breached" | "paused" | "left_aside";
            /** @description What holds; null when there is no such rule any more. */
            summary: string | null;
        };
        /** @description How much to resume. */
        RuleResume: {
            /** @description Also end the pauses of single rows, which rollbacks left behind. */
            rowsToo?: boolean;
        };
        /** @description The rules as this process has them. */
        Rules: {
            /** @description False: no repair runs at all (rules.enabled, or a pause of every rule). */
            enabled: boolean;
            /** @description What is wrong with the site's own rules that were left aside. */
            problems: string[];
            /** @description In the order of their repairs. */
            rules: components["schemas"]["Rule"][];
        };
        /** @description Calendar entries of the learner. */
        Schedule: {
            /** @description By their beginning. */
            entries: components["schemas"]["ScheduleEntry"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: string | null;
        };
        /** @description A new calendar entry. */
        ScheduleCreate: {
            /**
             * Format: date-time
             * @description When it ended; null: not yet. Now, where the entry is completed and nobody says when.
             */
            actualEnd?: string | null;
            /**
             * Format: date-time
             * @description When it began; null: not yet.
             */
            actualStart?: string | null;
            /**
             * Format: date-time
             * @description When it is to end; null: at no fixed time.
             */
            endsAt?: string | null;
            /**
             * @description The client's own id of it: a repeat with the same id gets the first reply.
             * @example entry-417
             */
            id?: string | null;
            /**
             * Format: date-time
             * @description When it is to begin.
             */
            startsAt: string;
            /**
             * @description How far it is. Completing it is an event; opening it again is none.
             * @enum {string}
             */
            status?: "planned" | "in_progress" | "completed" | "skipped" | "cancelled";
            /** @description What is planned. */
            title: string;
            /** @description The todo that it stands for, which may come later; null: none. */
            todoId?: string | null;
            /** @description The video that it stands for; null: none. */
            videoId?: string | null;
        };
        /** @description A calendar entry. */
        ScheduleEntry: {
            /**
             * Format: date-time
             * @description When it ended.
             */
            actualEnd: string | null;
            /**
             * Format: date-time
             * @description When it began.
             */
            actualStart: string | null;
            /** @description Whether its status is completed. */
            completed: boolean;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it is to end.
             */
            endsAt: string | null;
            /** @description The entry. */
            id: string;
            /**
             * Format: date-time
             * @description When it was to begin before it was moved.
             */
            rescheduledFrom: string | null;
            /**
             * Format: date-time
             * @description When it is to begin.
             */
            startsAt: string;
            /**
             * @description How far it is.
             * @enum {string}
             */
            status: "planned" | "in_progress" | "completed" | "skipped" | "cancelled";
            /** @description What is planned. */
            title: string;
            /** @description The todo that it stands for. */
            todoId: string | null;
            /**
             * Format: date-time
             * @description When it last changed.
             */
            updatedAt: string;
            /** @description The video that it stands for. */
            videoId: string | null;
        };
        /** @description What is to change of a calendar entry. */
        SchedulePatch: {
            /**
             * Format: date-time
             * @description When it ended; null: not yet. Now, where the entry is completed and nobody says when.
             */
            actualEnd?: string | null;
            /**
             * Format: date-time
             * @description When it began; null: not yet.
             */
            actualStart?: string | null;
            /**
             * Format: date-time
             * @description When it is to end; null: at no fixed time.
             */
            endsAt?: string | null;
            /**
             * Format: date-time
             * @description When it is to begin. Moving it leaves the time before as rescheduledFrom.
             */
            startsAt?: string;
            /**
             * @description How far it is. Completing it is an event; opening it again is none.
             * @enum {string}
             */
            status?: "planned" | "in_progress" | "completed" | "skipped" | "cancelled";
            /** @description What is planned. */
            title?: string;
            /** @description The todo that it stands for, which may come later; null: none. */
            todoId?: string | null;
            /** @description The video that it stands for; null: none. */
            videoId?: string | null;
        };
        /** @description Of a calendar entry. */
        ScheduleProgressData: {
            /**
             * Format: date-time
             * @description When it ended; not before it began.
             */
            actualEndTime?: string | null;
            /**
             * Format: date-time
             * @description When it began.
             */
            actualStartTime?: string | null;
            /**
             * Format: date-time
             * @description Where it stood before it was moved.
             */
            rescheduledFrom?: string | null;
            /**
             * Format: date-time
             * @description When it was to begin.
             */
            scheduledDate?: string | null;
            /** @description The calendar entry. */
            scheduleId: string;
        };
        /** @description A calendar entry that was made or changed. */
        ScheduleReply: {
            /** @description What else was completed with it, in other systems. */
            alsoCompleted: components["schemas"]["AlsoCompleted"][];
            /** @description The entry as it is now. */
            entry: components["schemas"]["ScheduleEntry"];
            /** @description What came of the completion as an event; absent where nothing was completed. */
            event?: components["schemas"]["ProgressSyncResult"];
            /** @description The learner's revision. */
            revision: number;
            /** @description Always true here. */
            success: boolean;
        };
        /** @description The platform's score as of one pass. */
        Score: {
            /**
             * Format: date-time
             * @description When it ended.
             */
            asOf: string;
            /** @description Learners looked at. */
            learners: number;
            /** @description Learners who broke a rule. */
            learnersInBreach: number;
            /** @description The pass. */
            passId: number;
            /** @description The share of learners who broke no rule, at least 0.01. */
            score: number;
            /**
             * Format: date-time
             * @description When it began.
             */
            startedAt: string;
        };
        /** @description The history of the score. */
        Scores: {
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
            /** @description Newest first. */
            scores: components["schemas"]["Score"][];
        };
        /** @description A completed session, as the client sends it. */
        SessionBody: {
            /**
             * @description Average seconds an answer took; 0, as not sent, where it is not known.
             * @example 2.25
             */
            blinkSpeed?: number | null;
            /**
             * Format: date-time
             * @description When it was completed; now, when not sent. At most offline.max_age_days old. It counts for that day of the learner's.
             */
            completedAt?: string | null;
            /** @description Of them, answered correctly. */
            correctAnswers?: number | null;
            /** @description The single results, kept as they are; an empty list when not sent. */
            results?: unknown;
            /**
             * @description The client's own id of this session: a repeat with the same id gets the first reply.
             * @example session-1763712000000-417
             */
            sessionId?: string | null;
            /**
             * @description The stitch that was practised.
             * @example stitch-T1-001-01
             */
            stitchId: string;
            /**
             * @description The thread that was practised.
             * @example thread-T1-001
             */
            threadId: string;
            /** @description Points earned; they are added to the profile's. */
            totalPoints?: number | null;
            /** @description Questions of the session. */
            totalQuestions?: number | null;
        };
        /** @description The session as it was recorded. */
        SessionReply: {
            /** @description What was done, in a sentence. */
            message: string;
            /** @description The learner's revision that this session made. */
            revision: number;
            /** @description The session's id; one was made where the client had none. */
            sessionId: string;
            /** @description The stitch that was practised. */
            stitchId: string;
            /** @description Always true here. */
            success: boolean;
            /** @description The thread that was practised. */
            threadId: string;
            /** @description Points of this session. */
            totalPoints: number;
        };
        /** @description Of a skill. */
        SkillProgressData: {
            /** @description How sure the assessment is, from 0 to 1. */
            confidence?: number | null;
            /** @description Where the learner stands. */
            newLevel?: string | null;
            /** @description Where the learner stood. */
            previousLevel?: string | null;
            /** @description What it belongs to. */
            skillCategory?: string | null;
            /** @description The skill. */
            skillId: string;
        };
        /** @description What the learner practised. */
        Statistics: {
            /** @description The day with the most correct answers (then tokens) of all; null: there is none. */
            bestDay: components["schemas"]["StatisticsDay"] | null;
            /** @description Day by day, oldest first, today last. */
            days: components["schemas"]["StatisticsDay"][];
            /** @description All days, by module. */
            modules: components["schemas"]["StatisticsModule"][];
            /** @description The practice sessions. */
            sessions: components["schemas"]["StatisticsSessions"];
            /** @description Days in a row, whatever was practised. */
            streak: components["schemas"]["StatisticsStreak"];
            /** @description The same, by activity. */
            streaks: components["schemas"]["ActivityStreak"][];
            /** @description All days together. */
            totals: components["schemas"]["StatisticsTotals"];
        };
        /** @description One day. */
        StatisticsDay: {
            /** @description Correct ones in percent, two decimals. */
            accuracy: number;
            /**
             * Format: int64
             * @description Of them, correctly.
             */
            correctAnswers: number;
            /**
             * Format: date
             * @description The day, on the learner's calendar.
             */
            date: string;
            /**
             * Format: int64
             * @description Questions answered.
             */
            questionsAnswered: number;
            /**
             * Format: int64
             * @description Tokens earned.
             */
            tokens: number;
        };
        /** @description One module. */
        StatisticsModule: {
            /** @description Correct ones in percent, two decimals. */
            accuracy: number;
            /**
             * Format: int64
             * @description Of them, correctly.
             */
            correctAnswers: number;
            /** @description Its name. */
            label: string;
            /** @description The module. */
            module: string;
            /**
             * Format: int64
             * @description Questions answered.
             */
            questionsAnswered: number;
            /**
             * Format: int64
             * @description Tokens earned.
             */
            tokens: number;
        };
        /** @description The practice sessions. */
        StatisticsSessions: {
            /** @description Of them, correct ones. */
            correctAnswers: number;
            /** @description Of them, ended. */
            ended: number;
            /** @description Practice sessions started. */
            total: number;
            /** @description Answers that named a session. */
            totalExercises: number;
        };
        /** @description Days in a row. */
        StatisticsStreak: {
            /**
             * Format: int64
             * @description Days in a row up to today or yesterday.
             */
            current: number;
            /** @description Days on which it was practised. */
            days: number;
            /**
             * Format: date
             * @description The last day practised, on the learner's calendar.
             */
            lastPracticeDate: string | null;
            /**
             * Format: int64
             * @description The longest run ever.
             */
            longest: number;
            /** @description Whether today counts already. */
            practicedToday: boolean;
        };
        /** @description What was practised. */
        StatisticsTotals: {
            /** @description Correct ones in percent, two decimals. */
            accuracy: number;
            /**
             * Format: int64
             * @description Of them, correctly.
             */
            correctAnswers: number;
            /**
             * Format: int64
             * @description Questions answered.
             */
            questionsAnswered: number;
            /**
             * Format: int64
             * @description Tokens earned.
             */
            tokens: number;
        };
        /** @description How far the learner is with a stitch. */
        Stitch: {
            /** @description How hard its wrong answers are. */
            distractorLevel: string;
            /** @description Whether it is completed. */
            isCompleted: boolean;
            /**
             * Format: date-time
             * @description When the learner last attempted it.
             */
            lastAttempted: string;
            /**
             * Format: int64
             * @description Where it stands in the thread.
             */
            orderNumber: number;
            /** @description The learner's revision in which this last changed. */
            revision: number;
            /**
             * Format: int64
             * @description How many others come before it comes again.
             */
            skipNumber: number;
            /** @description The stitch within it. */
            stitchId: string;
            /** @description The thread. */
            threadId: string;
        };
        /** @description Stitches of the learner. */
        Stitches: {
            /** @description Where the next page goes on; null at the end. */
            nextAfter: string | null;
            /** @description `since` is none of the learner's revisions: these are all stitches there are. */
            resync: boolean;
            /** @description The learner's revision: the next `since`; of several pages, the last one's. */
            revision: number;
            /** @description In the order in which they changed. */
            stitches: components["schemas"]["Stitch"][];
            /** @description Always true here. */
            success: boolean;
        };
        /** @description How far a learner is with a stitch. */
        StitchItem: {
            /**
             * @description How hard its wrong answers are.
             * @default L1
             */
            distractorLevel: string | null;
            /**
             * @description Whether it is completed; no later item takes that back.
             * @default false
             */
            isCompleted: boolean | null;
            /**
             * Format: date-time
             * @description When the learner attempted it, at most offline.max_age_days ago; now, when not sent. An older one never overwrites a newer.
             */
            lastAttempted?: string | null;
            /**
             * @description The client's own id of this item: with the same content it counts once, however often it comes.
             * @example m-7f3a
             */
            mutationId?: string | null;
            /**
             * Format: int64
             * @description Where it stands in the thread.
             * @default 0
             */
            orderNumber: number | null;
            /**
             * Format: int64
             * @description How many others come before it comes again.
             * @default 5
             */
            skipNumber: number | null;
            /**
             * @description The stitch within it.
             * @example stitch-A-01
             */
            stitchId: string;
            /**
             * @description The thread.
             * @example thread-A
             */
            threadId: string;
        };
        /** @description A stitch as it stands here. */
        StitchServerRow: {
            /** @description How hard its wrong answers are. */
            distractorLevel: string;
            /** @description Whether it is completed. */
            isCompleted: boolean;
            /**
             * Format: date-time
             * @description When the learner last attempted it.
             */
            lastAttempted: string;
            /**
             * Format: int64
             * @description Where it stands in the thread.
             */
            orderNumber: number;
            /** @description The learner's revision in which this last changed. */
            revision: number;
            /**
             * Format: int64
             * @description How many others come before it comes again.
             */
            skipNumber: number;
        };
        /** @description How far a learner is with a stitch. */
        StitchUpdate: {
            /**
             * @description How hard its wrong answers are.
             * @default L1
             */
            distractorLevel: string | null;
            /**
             * @description Whether it is completed; no later item takes that back.
             * @default false
             */
            isCompleted: boolean | null;
            /**
             * Format: date-time
             * @description When the learner attempted it, at most offline.max_age_days ago; now, when not sent. An older one never overwrites a newer.
             */
            lastAttempted?: string | null;
            /**
             * @description The client's own id of this item: with the same content it counts once, however often it comes.
             * @example m-7f3a
             */
            mutationId?: string | null;
            /**
             * Format: int64
             * @description Where it stands in the thread.
             * @default 0
             */
            orderNumber: number | null;
            /**
             * Format: int64
             * @description How many others come before it comes again.
             * @default 5
             */
            skipNumber: number | null;
            /**
             * @description The stitch within it.
             * @example stitch-A-01
             */
            stitchId: string;
            /**
             * @description The thread.
             * @example thread-A
             */
            threadId: string;
        };
        /** @description What became of an update. */
        StitchUpdated: {
            /** @description In a sentence. */
            message: string;
            /**
             * Format: int64
             * @description As sent, or its default.
             */
            orderNumber: number;
            /** @description The learner's revision afterwards. */
            revision: number;
            /** @description applied; or duplicate, where what is known already is the same or newer. */
            status: string;
            /** @description As sent. */
            stitchId: string;
            /** @description Always true here. */
            success: boolean;
            /** @description As sent. */
            threadId: string;
        };
        /** @description Days in a row on which the learner practised. */
        Streak: {
            /**
             * Format: int64
             * @description Days in a row up to today or yesterday.
             */
            current: number;
            /**
             * Format: date
             * @description The last day practised, on the learner's calendar.
             */
            lastPracticeDate: string | null;
            /**
             * Format: int64
             * @description The longest run ever.
             */
            longest: number;
            /** @description Whether today counts already. */
            practicedToday: boolean;
        };
        /** @description A student with enrollments. */
        Student: {
            /**
             * Format: date-time
             * @description Since when the student is known.
             */
            createdAt: string;
            /** @description The name that others see. */
            displayName: string | null;
            /** @description By course; cancelled ones are among them. */
            enrollments: components["schemas"]["StudentEnrollment"][];
            /** @description The student. */
            id: number;
            /** @description The student's revision. */
            revision: number;
            /** @description As users has it. */
            role: string;
            /**
             * Format: int64
             * @description Tokens earned by practice.
             */
            tokens: number;
            /** @description The name to sign in with. */
            username: string | null;
        };
        /** @description A chapter as it stands for the student. */
        StudentChapter: {
            /**
             * Format: date-time
             * @description When the student completed it.
             */
            completedAt: string | null;
            /** @description The chapter. */
            id: number;
            /** @description Whether the student completed it. */
            isComplete: boolean;
            /** @description Its place in the course. */
            position: number;
            /** @description Its title. */
            title: string;
        };
        /** @description A course as it stands for the student. */
        StudentCourse: {
            /** @description The price's currency, as ISO 4217 calls it. */
            currency: string;
            /** @description What it is about. */
            description: string | null;
            /** @description Whether a request of the student was approved. */
            hasApprovedRequest: boolean;
            /** @description Whether the student's request waits to be decided. */
            hasPendingRequest: boolean;
            /** @description The course. */
            id: number;
            /** @description Granted to every student. */
            isDefaultUnlocked: boolean;
            /** @description Whether the student is enrolled. */
            isEnrolled: boolean;
            /** @description Students may enrol by themselves, where it has no price. */
            isPublic: boolean;
            /** @description Its price in hundredths; 0: free. */
            priceCents: number;
            /** @description Percent of the course; 0 for who is not enrolled. */
            progress: number;
            /** @description published or active. */
            status: string;
            /** @description Its title. */
            title: string;
        };
        /** @description The courses that a student can see. */
        StudentCourses: {
            /** @description Every open course, by id. */
            courses: components["schemas"]["StudentCourse"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
        };
        /** @description Whatever there is between a student and a course. */
        StudentCourseState: {
            /**
             * Format: date-time
             * @description When it was completed.
             */
            completedAt: string | null;
            /** @description The course. */
            courseId: number;
            /** @description The course's own status, in lower case. */
            courseStatus: string;
            /**
             * Format: date-time
             * @description Since when.
             */
            enrolledAt: string | null;
            /** @description Whether the last decided request was approved. */
            hasApprovedRequest: boolean;
            /** @description Whether a request waits to be decided. */
            hasPendingRequest: boolean;
            /** @description Whether the last decided request was rejected. */
            hasRejectedRequest: boolean;
            /** @description Whether the legacy table has a row, too. */
            hasStudentProgress: boolean;
            /** @description Whether the student is enrolled, and not cancelled. */
            isEnrolled: boolean;
            /** @description Whether students can see the course. */
            isOpen: boolean;
            /** @description Percent of the course; 0 and never null. */
            progress: number;
            /** @description How the enrollment came to be. */
            source: string | null;
            /** @description active, completed or cancelled; null without an enrollment. */
            status: string | null;
            /** @description The progress that the legacy table holds. */
            studentProgress: number;
            /** @description Its title. */
            title: string;
        };
        /** @description An enrollment. */
        StudentEnrollment: {
            /**
             * Format: date-time
             * @description When it was completed.
             */
            completedAt: string | null;
            /** @description The course. */
            courseId: number;
            /** @description The course's own status, in lower case. */
            courseStatus: string;
            /**
             * Format: date-time
             * @description Since when.
             */
            enrolledAt: string | null;
            /** @description Whether the student is enrolled, and not cancelled. */
            isEnrolled: boolean;
            /** @description Whether students can see the course. */
            isOpen: boolean;
            /** @description Percent of the course; 0 and never null. */
            progress: number;
            /** @description How the enrollment came to be. */
            source: string | null;
            /** @description active, completed or cancelled; null without an enrollment. */
            status: string | null;
            /** @description Its title. */
            title: string;
        };
        /** @description A student with counts. */
        StudentRow: {
            /** @description Mean percent over them, two decimals; 0 where there are none. */
            averageProgress: number;
            /**
             * Format: int64
             * @description Of those, the completed ones.
             */
            completedCourses: number;
            /**
             * Format: date-time
             * @description Since when the student is known.
             */
            createdAt: string;
            /** @description The name that others see. */
            displayName: string | null;
            /**
             * Format: int64
             * @description Open courses that the student is enrolled in.
             */
            enrolledCourses: number;
            /** @description The student. */
            id: number;
            /**
             * Format: int64
             * @description Requests that wait to be decided.
             */
            pendingRequests: number;
            /**
             * Format: int64
             * @description Tokens earned by practice.
             */
            tokens: number;
            /** @description The name to sign in with. */
            username: string | null;
        };
        /** @description A page of students. */
        Students: {
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
            /** @description A page of students. */
            students: components["schemas"]["StudentRow"][];
        };
        /** @description A student's whole state of enrollment. */
        StudentState: {
            /** @description By course, as each table has it. */
            courses: components["schemas"]["StudentCourseState"][];
            /**
             * Format: date-time
             * @description Since when the student is known.
             */
            createdAt: string;
            /** @description The name that others see. */
            displayName: string | null;
            /** @description The student. */
            id: number;
            /** @description The student's revision. */
            revision: number;
            /** @description As users has it. */
            role: string;
            /**
             * Format: int64
             * @description Tokens earned by practice.
             */
            tokens: number;
            /** @description The name to sign in with. */
            username: string | null;
        };
        /** @description A student's figures. */
        StudentStats: {
            /** @description Mean percent over the enrolled courses, two decimals. */
            averageProgress: number;
            /**
             * Format: int64
             * @description Of those, the completed ones.
             */
            completedCourses: number;
            /**
             * Format: int64
             * @description Days in a row up to today or yesterday.
             */
            currentStreak: number;
            /**
             * Format: int64
             * @description Open courses that the student is enrolled in.
             */
            enrolledCourses: number;
            /**
             * Format: int64
             * @description Of those, the ones that are begun and not complete.
             */
            inProgressCourses: number;
            /**
             * Format: int64
             * @description Requests that wait to be decided.
             */
            pendingRequests: number;
            /**
             * Format: int64
             * @description Tokens earned by practice.
             */
            totalTokens: number;
        };
        /** @description Whether everything is in step. */
        SyncHealth: {
            /**
             * Format: date-time
             * @description For administrators: when the last pass ended.
             */
            asOf?: string | null;
            /** @description Part by part. */
            checks: components["schemas"]["HealthCheck"][];
            /** @description For administrators: the share of learners who break no rule; null before the first pass. */
            score?: number | null;
            /**
             * @description That of the worst check.
             * @enum {string}
             */
            status: "healthy" | "degraded" | "failing";
        };
        /** @description Whom to synchronize. */
        SyncUserData: {
            /** @description Everybody: go on also where more is to be changed than a rule's limit. */
            confirmOverLimit?: boolean;
            /** @description The learner to bring into step, at once; everybody where it is absent, by a job. */
            userId?: number | string;
            /** @description Everybody: wait for the job's end, at most ten seconds. */
            wait?: boolean;
        };
        /** @description The outcome. */
        SyncUserDataReply: {
            /** @description Everybody: the job that does it. */
            jobId?: number;
            /** @description What was done. */
            message: string;
            /** @description Always true here. */
            success: boolean;
            /** @description Everybody, waited for: how many learners are in step now. */
            syncedCount?: number;
        };
        /** @description Two systems that events flow between. */
        SystemPair: {
            /** @description Open conflicts that events of the source are in. */
            conflicts: number;
            /**
             * Format: int64
             * @description How long the oldest event that waits has waited; where none does, how long the last took, in milliseconds.
             */
            delayMs: number;
            /**
             * Format: date-time
             * @description When an event last went through; null: none has yet.
             */
            lastSync?: string | null;
            /** @description Events of the source whose processing failed and is tried again. */
            pending: number;
            /** @description Where the events come from. */
            sourceSystem: string;
            /**
             * @description delayed and failed: an event has been waiting for longer than events.delayed_s or events.failed_s, or was given up; conflict: one waits for the learner's decision.
             * @enum {string}
             */
            status: "healthy" | "conflict" | "delayed" | "failed";
            /** @description Where they are brought to. */
            targetSystem: string;
        };
        /** @description A todo. */
        Todo: {
            /** @description Whether its status is completed. */
            completed: boolean;
            /**
             * Format: date-time
             * @description When it was completed.
             */
            completedAt: string | null;
            /**
             * Format: date-time
             * @description When it was made.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it is due.
             */
            dueAt: string | null;
            /** @description The todo. */
            id: string;
            /** @description The learner's notes. */
            notes: string | null;
            /** @description What the learner thinks of it. */
            rating: number | null;
            /**
             * @description How far it is.
             * @enum {string}
             */
            status: "pending" | "in_progress" | "completed" | "cancelled";
            /** @description What there is to do. */
            title: string;
            /**
             * Format: date-time
             * @description When it last changed.
             */
            updatedAt: string;
            /** @description The videos that it is about: it is done once all are. */
            videoIds: string[];
        };
        /** @description A new todo. */
        TodoCreate: {
            /**
             * Format: date-time
             * @description When it was completed; now, when not sent. At most offline.max_age_days ago.
             */
            completedAt?: string;
            /**
             * Format: date-time
             * @description When it is due; null: at no time.
             */
            dueAt?: string | null;
            /**
             * @description The client's own id of it: a repeat with the same id gets the first reply.
             * @example todo-417
             */
            id?: string | null;
            /** @description The learner's notes; null takes them away. */
            notes?: string | null;
            /** @description What the learner thinks of it; null takes it away. */
            rating?: number | null;
            /**
             * @description How far it is. Completing it is an event; opening it again is none.
             * @enum {string}
             */
            status?: "pending" | "in_progress" | "completed" | "cancelled";
            /** @description What there is to do. */
            title: string;
            /**
             * @description The videos that it is about, all of them.
             * @example [
             *       "video456"
             *     ]
             */
            videoIds?: string[];
        };
        /** @description What is to change of a todo. */
        TodoPatch: {
            /**
             * Format: date-time
             * @description When it was completed; now, when not sent. At most offline.max_age_days ago.
             */
            completedAt?: string;
            /**
             * Format: date-time
             * @description When it is due; null: at no time.
             */
            dueAt?: string | null;
            /** @description The learner's notes; null takes them away. */
            notes?: string | null;
            /** @description What the learner thinks of it; null takes it away. */
            rating?: number | null;
            /**
             * @description How far it is. Completing it is an event; opening it again is none.
             * @enum {string}
             */
            status?: "pending" | "in_progress" | "completed" | "cancelled";
            /** @description What there is to do. */
            title?: string;
            /**
             * @description The videos that it is about, all of them.
             * @example [
             *       "video456"
             *     ]
             */
            videoIds?: string[];
        };
        /** @description Of a todo. */
        TodoProgressData: {
            /**
             * Format: date-time
             * @description When it was done.
             */
            actualCompletionDate?: string | null;
            /** @description The learner's own words. */
            notes?: string | null;
            /**
             * Format: date-time
             * @description When it was due.
             */
            originalDueDate?: string | null;
            /** @description The todo. */
            todoId: string;
            /** @description What the learner thought of it. */
            userRating?: number | null;
        };
        /** @description A todo that was made or changed. */
        TodoReply: {
            /** @description What else was completed with it, in other systems. */
            alsoCompleted: components["schemas"]["AlsoCompleted"][];
            /** @description What came of the completion as an event; absent where nothing was completed. */
            event?: components["schemas"]["ProgressSyncResult"];
            /** @description The learner's revision. */
            revision: number;
            /** @description Always true here. */
            success: boolean;
            /** @description The todo as it is now. */
            todo: components["schemas"]["Todo"];
        };
        /** @description Todos of the learner. */
        Todos: {
            /** @description Where the next page goes on; null at the end. */
            nextAfter: string | null;
            /** @description In the order in which they were made. */
            todos: components["schemas"]["Todo"][];
        };
        /** @description Everything of a learner's at one glance. */
        UnifiedProgressView: {
            /** @description Achievements, the latest first. */
            achievements: components["schemas"]["Achievement"][];
            /** @description 1 less the share of the rules that the learner's rows broke when they were last looked at; at least 0.01. */
            dataConsistencyScore: number;
            /**
             * Format: date-time
             * @description When the last event was taken in.
             */
            lastSyncTime: string | null;
            /** @description Learning paths, the last changed first. */
            learningPaths: components["schemas"]["PathProgressSummary"][];
            /** @description Milestones reached, the latest first; then those underway. */
            milestones: components["schemas"]["Milestone"][];
            /** @description The sums over all activities. */
            overallProgress: components["schemas"]["OverallProgress"];
            /** @description Activities, the latest first. */
            recentActivities: components["schemas"]["ActivitySummary"][];
            /**
             * @description Category, level, confidence and assessedAt by skill; the first 200 by id.
             * @example {
             *       "c-pointers": {
             *         "category": "programming",
             *         "level": "advanced",
             *         "confidence": 0.9,
             *         "assessedAt": "2026-01-15T10:00:00.000Z"
             *       }
             *     }
             */
            skillProgress: unknown;
            /** @description Open todos, and calendar entries from today on, by date; what has none comes last. */
            upcomingActivities: components["schemas"]["ActivitySummary"][];
            /** @description The learner. */
            userId: number;
        };
        /** @description What holds, and what does not. */
        Validation: {
            /**
             * Format: date-time
             * @description The moment of which this tells; null: no pass has run yet.
             */
            asOf: string | null;
            /** @description The job of a new pass (202). */
            jobId?: number;
            /** @description Learners looked at. */
            learners: number;
            /** @description Learners who break a rule. */
            learnersInBreach: number;
            /** @description The same in words. */
            message: string;
            /** @description The pass. */
            passId?: number;
            /** @description Every rule, in the order of the repairs. */
            rules: components["schemas"]["RuleResult"][];
            /** @description Of all: the share of learners who break no rule. Of one: 1 less the share of rules in breach, at least 0.01. */
            score: number | null;
            /** @description The one learner that was asked about. */
            userId?: number;
        };
        /** @description How far the learner is with a video. */
        VideoProgress: {
            /** @description Whether its status is completed. */
            completed: boolean;
            /**
             * Format: date-time
             * @description When it was first watched to its end.
             */
            completedAt: string | null;
            /** @description How much of it was watched; it never falls. */
            percentageWatched: number;
            /** @description For how long; it never falls. */
            secondsWatched: number;
            /**
             * @description How far it is.
             * @enum {string}
             */
            status: "not_started" | "in_progress" | "completed";
            /**
             * Format: date-time
             * @description When this last changed; null: never watched.
             */
            updatedAt: string | null;
            /** @description The video. */
            videoId: string;
            /** @description Its name where it is shown. */
            youtubeId: string | null;
        };
        /** @description What a player tells of a video. */
        VideoProgressBody: {
            /**
             * Format: date-time
             * @description When it was watched to its end; now, when not sent. At most offline.max_age_days ago.
             */
            completedAt?: string;
            /** @description How much of it was watched. 100 completes it, which is an event. */
            percentageWatched?: number;
            /** @description For how long, altogether. */
            secondsWatched?: number;
            /**
             * @description completed completes it, whatever the percentage.
             * @enum {string}
             */
            status?: "not_started" | "in_progress" | "completed";
            /**
             * @description Its name where it is shown.
             * @example dQw4w9WgXcQ
             */
            youtubeId?: string;
        };
        /** @description Of a video. */
        VideoProgressData: {
            /**
             * Format: date-time
             * @description When it was watched to its end.
             */
            completedAt?: string | null;
            /** @description How much of it was watched; at most 100. */
            percentageWatched?: number | null;
            /** @description For how many seconds. */
            timeWatched?: number | null;
            /** @description The video, as the platform calls it. */
            videoId: string;
            /** @description The same video at YouTube. */
            youtubeId?: string | null;
        };
        /** @description What came of it. */
        VideoProgressReply: {
            /** @description What else was completed with it, in other systems. */
            alsoCompleted: components["schemas"]["AlsoCompleted"][];
            /** @description What came of the completion as an event; absent where nothing was completed. */
            event?: components["schemas"]["ProgressSyncResult"];
            /** @description How far the learner is now. */
            progress: components["schemas"]["VideoProgress"];
            /** @description The learner's revision. */
            revision: number;
            /** @description Always true here. */
            success: boolean;
        };
        /** @description An event of the provider. */
        WebhookEvent: {
            /**
             * Format: date-time
             * @description By the provider's clock.
             */
            createdAt: string;
            /** @description What the outcome rests on. */
            error: string | null;
            /** @description What the provider calls it. */
            eventId: string;
            /** @description To replay it by. */
            id: number;
            /** @description applied, unchanged and ignored need nobody; the others do. */
            outcome: string;
            /** @description The body as received; only where one event is asked for by eventId. */
            payload?: string;
            /**
             * Format: date-time
             * @description When that was done which could be done; null while it waits for somebody.
             */
            processedAt: string | null;
            /**
             * Format: date-time
             * @description When it first came here.
             */
            receivedAt: string;
            /** @description How often it was processed again. */
            replays: number;
            /** @description The payment intent or subscription that it tells of. */
            subject: string | null;
            /** @description What happened. */
            type: string;
            /** @description The learner. */
            userId: number | null;
        };
        /** @description A page of events. */
        WebhookEvents: {
            /** @description Newest first. */
            events: components["schemas"]["WebhookEvent"][];
            /** @description Where the next page goes on; null at the end. */
            nextAfter: number | null;
        };
        /** @description An event processed again. */
        WebhookReplay: {
            /** @description What came of it, in a sentence. */
            message: string;
            /**
             * @description What came of it.
             * @enum {string}
             */
            outcome: "applied" | "unchanged" | "ignored" | "mismatch" | "unassigned" | "unknown_learner" | "unknown_course" | "unreadable";
            /** @description Whether nothing is left to be looked into. */
            success: boolean;
        };
        /** @description An event that was received. */
        WebhookReply: {
            /** @description It had been received before, and that became of it then. */
            duplicate: boolean;
            /**
             * @description What became of it.
             * @enum {string}
             */
            outcome: "applied" | "unchanged" | "ignored" | "mismatch" | "unassigned" | "unknown_learner" | "unknown_course" | "unreadable";
            /** @description Always true here: the event is stored, and need not be sent again. */
            received: boolean;
        };
    };
    responses: {
        /** @description A problem document. */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getAdminAnalytics: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
                refresh?: boolean;
                since?: number;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Analytics"];
                };
            };
            /** @description The work has become a job; Location leads to it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Analytics"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getAdminAudit: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
                pass?: number;
                refresh?: boolean;
                userId?: number | string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Audit"];
                    "text/csv": string;
                };
            };
            /** @description The work has become a job; Location leads to it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Audit"];
                    "text/csv": string;
                };
            };
        };
    };
    getAdminChapters: {
        parameters: {
            query: {
                courseId: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chapters"];
                };
            };
        };
    };
    postAdminChapters: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChapterCreate"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chapter"];
                };
            };
        };
    };
    deleteAdminChaptersById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionAccepted"];
                };
            };
            /** @description The work has become a job; Location leads to it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionAccepted"];
                };
            };
        };
    };
    patchAdminChaptersById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChapterPatch"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Chapter"];
                };
            };
        };
    };
    getAdminCourses: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Courses"];
                };
            };
        };
    };
    postAdminCourses: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CourseCreate"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Course"];
                };
            };
        };
    };
    getAdminCoursesById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Course"];
                };
            };
        };
    };
    deleteAdminCoursesById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionAccepted"];
                };
            };
            /** @description The work has become a job; Location leads to it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionAccepted"];
                };
            };
        };
    };
    patchAdminCoursesById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CoursePatch"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Course"];
                };
            };
        };
    };
    getAdminEnrollmentsExport: {
        parameters: {
            query?: {
                after?: number;
                courseId?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrollmentExport"];
                };
            };
        };
    };
    postAdminEnrollmentsImport: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EnrollmentList"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrollmentListDone"];
                };
            };
        };
    };
    getAdminJobs: {
        parameters: {
            query?: {
                after?: number;
                kind?: string;
                limit?: number;
                parentId?: number;
                state?: "ready" | "running" | "done" | "failed" | "dead" | "cancelled";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Jobs"];
                };
            };
        };
    };
    postAdminJobs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JobOrder"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobShown"];
                };
            };
        };
    };
    getAdminJobsById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobShown"];
                };
            };
        };
    };
    postAdminJobsByIdCancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobShown"];
                };
            };
        };
    };
    postAdminJobsByIdRetry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobShown"];
                };
            };
        };
    };
    getAdminJobsKinds: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobKinds"];
                };
            };
        };
    };
    getAdminPayments: {
        parameters: {
            query?: {
                after?: number;
                courseId?: number;
                limit?: number;
                mismatch?: boolean;
                providerRef?: string;
                status?: "pending" | "paid" | "failed" | "refunded";
                userId?: number | string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payments"];
                };
            };
        };
    };
    getAdminRejects: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
                state?: "open" | "all";
                userId?: number | string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rejects"];
                };
            };
        };
    };
    postAdminRejectsByIdResolve: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reject"];
                };
            };
        };
    };
    getAdminRepairs: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Repairs"];
                };
            };
        };
    };
    getAdminRepairsById: {
        parameters: {
            query?: {
                after?: string;
                limit?: number;
                state?: "planned" | "done" | "moved";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Repair"];
                };
            };
        };
    };
    postAdminRepairsByIdResume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RepairResumed"];
                };
            };
        };
    };
    postAdminRepairsByIdRollback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RepairOutcome"];
                };
            };
            /** @description The work has become a job; Location leads to it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RepairOutcome"];
                };
            };
        };
    };
    patchAdminRequestsById: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccessDecision"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessRequestDone"];
                };
            };
        };
    };
    postAdminRequestsBulk: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccessDecisions"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessDecisionsDone"];
                };
            };
        };
    };
    getAdminRules: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rules"];
                };
            };
        };
    };
    postAdminRulesByNamePause: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RulePaused"];
                };
            };
        };
    };
    postAdminRulesByNameResume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RuleResume"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RulePaused"];
                };
            };
        };
    };
    getAdminScoreHistory: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Scores"];
                };
            };
        };
    };
    postAdminSyncUserData: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SyncUserData"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SyncUserDataReply"];
                };
            };
            /** @description The work has become a job; Location leads to it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SyncUserDataReply"];
                };
            };
        };
    };
    deleteAdminUsersById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeleteUserReply"];
                };
            };
        };
    };
    getAdminWebhookEvents: {
        parameters: {
            query?: {
                after?: number;
                eventId?: string;
                limit?: number;
                outcome?: "applied" | "unchanged" | "ignored" | "mismatch" | "unassigned" | "unknown_learner" | "unknown_course" | "unreadable";
                subject?: string;
                userId?: number;
                waiting?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEvents"];
                };
            };
        };
    };
    postAdminWebhookEventsByIdReplay: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookReplay"];
                };
            };
        };
    };
    postAnonymous: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AnonymousBody"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnonymousReply"];
                };
            };
        };
    };
    postAnonymousClaim: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClaimBody"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClaimReply"];
                };
            };
        };
    };
    postAnswer: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AnswerBody"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnswerReply"];
                };
            };
        };
    };
    getDashboard: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DashboardReply"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postEnrollment: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EnrollmentPair"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrollmentDone"];
                };
            };
        };
    };
    deleteEnrollment: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EnrollmentPair"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrollmentDone"];
                };
            };
        };
    };
    getLearningPaths: {
        parameters: {
            query?: {
                after?: string;
                limit?: number;
                status?: "active" | "completed" | "abandoned";
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LearningPaths"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postLearningPaths: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LearningPathCreate"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LearningPathReply"];
                };
            };
        };
    };
    deleteLearningPathsById: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
        };
    };
    patchLearningPathsById: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["LearningPathPatch"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LearningPathReply"];
                };
            };
        };
    };
    patchLearningPathsByIdStepsByStepId: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path: {
                id: string;
                stepId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PathStepPatch"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PathStepReply"];
                };
            };
        };
    };
    getModules: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Modules"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getOpenapiJson: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    postPaymentsWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookReply"];
                };
            };
        };
    };
    getPracticeSessions: {
        parameters: {
            query?: {
                after?: string;
                limit?: number;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PracticeSessions"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postPracticeSessions: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PracticeSessionStart"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PracticeSessionReply"];
                };
            };
        };
    };
    patchPracticeSessionsById: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PracticeSessionEnd"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PracticeSessionReply"];
                };
            };
        };
    };
    getProfile: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchProfile: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ProfilePatch"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
        };
    };
    getProgress: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Progress"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getProgressSyncAchievements: {
        parameters: {
            query?: {
                endDate?: string;
                includePublic?: boolean;
                startDate?: string;
                type?: ("completion" | "streak" | "speed" | "consistency" | "milestone")[];
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Achievements"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patchProgressSyncAchievementsById: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AchievementPatch"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AchievementPatched"];
                };
            };
        };
    };
    getProgressSyncConflicts: {
        parameters: {
            query?: {
                after?: number;
                conflictType?: "completion_status_conflict" | "data_inconsistency" | "timestamp_mismatch" | "duplicate_event";
                impact?: "low" | "medium" | "high";
                limit?: number;
                status?: "unresolved" | "resolved" | "all";
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conflicts"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getProgressSyncConflictsByIdPreview: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConflictPreview"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postProgressSyncConflictsByIdResolve: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResolveConflictBody"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConflictResolved"];
                };
            };
        };
    };
    getProgressSyncEvents: {
        parameters: {
            query?: {
                activityId?: string;
                activityType?: "video" | "practice" | "project" | "quiz" | "milestone";
                after?: string;
                eventType?: "video_completed" | "todo_completed" | "schedule_completed" | "milestone_reached" | "skill_assessed" | "path_progress_updated";
                limit?: number;
                processed?: boolean;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProgressEvents"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postProgressSyncEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ProgressEventSubmission"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProgressEventAnswer"];
                };
            };
            /** @description Some of it was not taken; the reply says what and why. */
            207: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProgressEventAnswer"];
                };
            };
        };
    };
    getProgressSyncEventsById: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProgressEvent"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getProgressSyncEventsByIdPropagations: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Propagations"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postProgressSyncEventsByIdUndo: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CascadeUndone"];
                };
            };
        };
    };
    postProgressSyncEventsReprocess: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ReprocessEventsBody"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReprocessEvents"];
                };
            };
        };
    };
    getProgressSyncHealth: {
        parameters: {
            query?: {
                userId?: number | string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventHealth"];
                };
            };
        };
    };
    getProgressSyncInsights: {
        parameters: {
            query?: {
                from?: string;
                to?: string;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProgressInsights"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postProgressSyncLiveTicket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiveTicket"];
                };
            };
        };
    };
    getProgressSyncNotifications: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
                status?: "unread" | "read" | "all";
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Notifications"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postProgressSyncNotificationsByIdRead: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationRead"];
                };
            };
        };
    };
    getProgressSyncPatterns: {
        parameters: {
            query?: {
                from?: string;
                to?: string;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LearningPatterns"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postProgressSyncRepair: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EventRepair"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RepairOutcome"];
                };
            };
            /** @description The work has become a job; Location leads to it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RepairOutcome"];
                };
            };
        };
    };
    getProgressSyncSummary: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnifiedProgressView"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getProgressAttempts: {
        parameters: {
            query?: {
                after?: string;
                limit?: number;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Attempts"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postProgressBulkSync: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BulkSync"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkSynced"];
                };
            };
            /** @description Some of it was not taken; the reply says what and why. */
            207: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkSynced"];
                };
            };
        };
    };
    getProgressHistory: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
                total?: "tokens" | "questions" | "correct";
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postProgressReset: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResetReply"];
                };
            };
        };
    };
    getProgressStatistics: {
        parameters: {
            query?: {
                days?: number;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Statistics"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getProgressStitches: {
        parameters: {
            query?: {
                after?: string;
                limit?: number;
                since?: number;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stitches"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postProgressUpdate: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StitchUpdate"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StitchUpdated"];
                };
            };
        };
    };
    getRequests: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PendingRequests"];
                };
            };
        };
    };
    getSchedule: {
        parameters: {
            query?: {
                after?: string;
                from?: string;
                limit?: number;
                status?: "planned" | "in_progress" | "completed" | "skipped" | "cancelled";
                to?: string;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScheduleCreate"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleReply"];
                };
            };
        };
    };
    deleteScheduleById: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
        };
    };
    patchScheduleById: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SchedulePatch"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleReply"];
                };
            };
        };
    };
    postSessionsRecord: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SessionBody"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionReply"];
                };
            };
        };
    };
    postStudentChaptersComplete: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChapterComplete"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrollmentDone"];
                };
            };
        };
    };
    getStudentCourses: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StudentCourses"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postStudentEnroll: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CourseJoin"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrollmentDone"];
                };
            };
        };
    };
    getStudentEnrolledCourses: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrolledCourses"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getStudentProgressDetails: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CoursesProgress"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getStudentRequests: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessRequests"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postStudentRequests: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccessAsk"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessRequestDone"];
                };
            };
        };
    };
    deleteStudentRequestsById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessRequestDone"];
                };
            };
        };
    };
    getStudentStats: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StudentStats"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getStudents: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Students"];
                };
            };
        };
    };
    getStudentsById: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Student"];
                };
            };
        };
    };
    getStudentsByIdState: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StudentState"];
                };
            };
        };
    };
    postSyncAutoFix: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AutoFix"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RepairOutcome"];
                };
            };
            /** @description The work has become a job; Location leads to it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RepairOutcome"];
                };
            };
        };
    };
    getSyncConnection: {
        parameters: {
            query?: {
                since?: number;
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Connection"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getSyncHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SyncHealth"];
                };
            };
            /** @description It fails, and this is how. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SyncHealth"];
                };
            };
        };
    };
    getSyncValidate: {
        parameters: {
            query?: {
                refresh?: boolean;
                userId?: number | string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Validation"];
                };
            };
            /** @description The work has become a job; Location leads to it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Validation"];
                };
            };
        };
    };
    getTodos: {
        parameters: {
            query?: {
                after?: string;
                limit?: number;
                status?: "pending" | "in_progress" | "completed" | "cancelled";
                videoId?: string;
                videoReferences?: string[];
            };
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Todos"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    postTodos: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TodoCreate"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TodoReply"];
                };
            };
        };
    };
    deleteTodosById: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
        };
    };
    patchTodosById: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TodoPatch"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TodoReply"];
                };
            };
        };
    };
    getVideosByIdProgress: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag of a reply that is at hand. */
                "If-None-Match"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    /** @description Of this reply. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VideoProgress"];
                };
            };
            /** @description Nothing moved since. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    putVideosByIdProgress: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 64 visible ASCII characters: a repeat under the same key is answered with the first reply. */
                "Idempotency-Key"?: string;
                /** @description The learner that a service acts for. */
                "X-Lockstep-User"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["VideoProgressBody"];
            };
        };
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VideoProgressReply"];
                };
            };
        };
    };
    getHealthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthReply"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    getReadyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthReply"];
                };
            };
        };
    };
}
