# LOCKSTEP_COMPILE_FLAGS(VARIABLE, FLAGS): appends each flag that the compiler takes silently.
# LOCKSTEP_LINK_FLAGS(VARIABLE, FLAGS): the same for the linker.
AC_DEFUN([LOCKSTEP_TRY_FLAGS_], [
  for lockstep_flag in $2; do
    AC_MSG_CHECKING([whether $CC takes $lockstep_flag])
    lockstep_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS $$1 $lockstep_flag -Werror"
    $3([AC_LANG_PROGRAM([[#include <stdio.h>]], [[puts("");]])],
      [AC_MSG_RESULT([yes])
       $1="$$1 $lockstep_flag"],
      [AC_MSG_RESULT([no])])
    CFLAGS=$lockstep_saved_CFLAGS
  done
])
AC_DEFUN([LOCKSTEP_COMPILE_FLAGS], [LOCKSTEP_TRY_FLAGS_([$1], [$2], [AC_COMPILE_IFELSE])])
AC_DEFUN([LOCKSTEP_LINK_FLAGS], [LOCKSTEP_TRY_FLAGS_([$1], [$2], [AC_LINK_IFELSE])])
