import psycopg2
from django.http import HttpRequest, JsonResponse
from django.urls import path


def health(_: HttpRequest) -> JsonResponse:
    return JsonResponse({"libpq": psycopg2.__libpq_version__ > 0, "psycopg2": psycopg2.__version__.split()[0]})


urlpatterns = [path("health/", health)]
