/* Functions that have no safe use here do not compile. Every .c file includes this last. */
#ifndef LOCKSTEP_BASE_BANNED_H
#define LOCKSTEP_BASE_BANNED_H

#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok atoi atol atoll atof strncpy strncat
#pragma GCC poison gmtime localtime ctime asctime rand srand tmpnam mktemp

#endif
